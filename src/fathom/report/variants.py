"""Which runs are one arm of an experiment, and which run began where another ended.

An *arm* is what was done to a model; its runs differ in the seed or the base they began with. Directories say which:
``seed-1/zero`` and ``seed-2/zero`` are two runs of the arm ``zero``, and so are ``zero-1`` and ``zero-2`` where they
are one recipe with other seeds or another start, and neither began where the other ended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fathom.report.run import Run

_SEED = re.compile(r"(seed|s)?[-_.]?\d+", re.IGNORECASE)
_SEED_BEHIND = re.compile(r"[-_.](seed|s)[-_.]?\d+$", re.IGNORECASE)
_NUMBER_BEHIND = re.compile(r"[-_.]?\d+$")
_UNSAID = frozenset({"", "/", ".", "..", "final"})

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Runs of one treatment. ``stage`` is theirs."""

    name: str
    stage: str
    runs: tuple[Run, ...]


def group_variants(runs: Sequence[Run]) -> list[Variant]:
    """Of the runs that train, in their order."""
    trained = [run for run in runs if run.trains]
    strict = {run.directory: _key(run) for run in trained}
    loose: dict[Key, list[Run]] = {}
    for run in trained:
        loose.setdefault(tuple(_NUMBER_BEHIND.sub("", part) or part for part in strict[run.directory]), []).append(run)
    found: dict[Key, list[Run]] = {}
    for key, members in loose.items():
        for run in members:
            found.setdefault(key if _alike(members, runs) else strict[run.directory], []).append(run)
    names = _names(list(found))
    return [Variant(names[key], members[0].stage, tuple(members)) for key, members in found.items()]


def origin(run: Run, runs: Sequence[Run]) -> Run | None:
    """The run whose finished model ``run`` began with, wherever its directory lies now; None where it is not here."""
    path = start_parts(run)
    best: tuple[int, int] = (0, 0)
    found = None
    for other in runs:
        if other is run or not other.trains:
            continue
        same = _common(path[::-1], other.directory.parts[::-1])
        near = _common(other.directory.parts, run.directory.parts)
        if same and (same, near) > best:
            best, found = (same, near), other
    return found


def lineage(run: Run, runs: Sequence[Run]) -> list[Run]:
    """This run, the one it began with, and so on, as far back as they are here."""
    found = [run]
    while (place := origin(found[-1], runs)) is not None and all(place is not one for one in found):
        found.append(place)  # files may say that a run began with itself
    return found


def start_parts(run: Run) -> tuple[str, ...]:
    """The path of the model that it began with, without ``final``."""
    return tuple(part for part in re.split(r"[/\\]", run.start) if part not in _UNSAID)


def _key(run: Run) -> Key:
    parts = [_SEED_BEHIND.sub("", part) for part in run.place]
    named = tuple(part for part in parts if not _SEED.fullmatch(part))
    return named or (run.name or run.directory.parent.name or run.label,)


def _alike(members: Sequence[Run], runs: Sequence[Run]) -> bool:
    """Whether these are one recipe, seen through several seeds or from several starts."""
    if len({(run.stage, run.name) for run in members}) > 1:
        return False
    if len({(run.seed, run.start, run.directory.parent) for run in members}) < len(members):
        return False
    places: set[Path] = {run.directory for run in members}
    begun = [origin(run, runs) for run in members if run.start]
    return not any(base is not None and base.directory in places for base in begun)


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """The shortest ends of the keys that tell them apart."""
    names = {}
    for key in keys:
        others = [other for other in keys if other != key]
        size = next((n for n in range(1, len(key)) if all(other[-n:] != key[-n:] for other in others)), len(key))
        names[key] = "/".join(key[-size:])
    return names


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """How many places from the beginning agree."""
    size = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        size += 1
    return size
