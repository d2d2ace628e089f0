"""Which runs are one variant of an experiment, and which run started from the model of another.

A *variant* is one treatment of a model; its runs differ in the seed or in the base they started from. Directories tell:
``seed-1/zero`` and ``seed-2/zero`` are two runs of the variant ``zero``, and so are ``zero-1`` and ``zero-2`` where
they are one recipe with other seeds or another start, and neither started from the other's model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from fathom.report.run import Run

_SEED = re.compile(r"(seed|s)?[-_.]?\d+", re.IGNORECASE)
_SEED_SUFFIX = re.compile(r"[-_.](seed|s)[-_.]?\d+$", re.IGNORECASE)
_NUMBER_SUFFIX = re.compile(r"[-_.]?\d+$")
_IGNORED_PARTS = frozenset({"", "/", ".", "..", "final"})

TRAINED_COLOR, BASE_COLOR = 0, 1
"""Colors of the style sheet: the first variant trained by reinforcement learning has the accent, its base is grey."""

Key = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Variant:
    """Runs of one treatment. ``color`` is its place in the style sheet's palette."""

    name: str
    runs: tuple[Run, ...]
    color: int = 0

    @property
    def stage(self) -> str:
        return self.runs[0].stage

    @property
    def description(self) -> str:
        """The recipe's own words, where all runs agree on them."""
        words = {run.description for run in self.runs}
        return words.pop() if len(words) == 1 else ""


def group_variants(runs: Sequence[Run]) -> list[Variant]:
    """The variants of the runs that train, in their order, each with a color."""
    keys = {run.directory: _key(run) for run in runs if run.trains}
    loose: dict[Key, list[Run]] = {}
    for run in runs:
        if run.trains:
            key = tuple(_NUMBER_SUFFIX.sub("", part) or part for part in keys[run.directory])
            loose.setdefault(key, []).append(run)
    groups: dict[Key, list[Run]] = {}
    for key, members in loose.items():
        together = _is_one_recipe(members, runs)
        for run in members:
            groups.setdefault(key if together else keys[run.directory], []).append(run)
    names = _shortest_names(list(groups))
    variants = [Variant(names[key], tuple(members)) for key, members in groups.items()]
    _assign_colors(variants, runs)
    return variants


def origin(run: Run, runs: Sequence[Run]) -> Run | None:
    """The run whose final model ``run`` started from, even if its directory was moved since; None where there is none.

    Of several that fit, the one whose path agrees longest with the recorded path, then the nearest.
    """
    path = start_parts(run)
    best, result = (0, 0), None
    for other in runs:
        if other is not run and other.trains:
            same = _common_length(path[::-1], other.directory.parts[::-1])
            near = _common_length(other.directory.parts, run.directory.parts)
            if same and (same, near) > best:
                best, result = (same, near), other
    return result


def lineage(run: Run, runs: Sequence[Run]) -> list[Run]:
    """``run``, the run it started from, and so on."""
    result = [run]
    while (before := origin(result[-1], runs)) is not None and all(before is not one for one in result):
        result.append(before)  # files may claim that a run started from itself
    return result


def start_parts(run: Run) -> Key:
    """The path of the model that training started from, without ``final``."""
    return tuple(part for part in re.split(r"[/\\]", run.start) if part not in _IGNORED_PARTS)


def _common_length(one: Key, other: Key) -> int:
    """How many parts agree from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _key(run: Run) -> Key:
    parts = (_SEED_SUFFIX.sub("", part) for part in run.place)
    named = tuple(part for part in parts if not _SEED.fullmatch(part))
    return named or (run.name or run.directory.parent.name or run.label,)


def _is_one_recipe(members: Sequence[Run], runs: Sequence[Run]) -> bool:
    """Whether these are one recipe with several seeds or several starts."""
    recipes = {(run.stage, run.name) for run in members}
    settings = {(run.seed, run.start, run.directory.parent) for run in members}
    starts = [origin(run, runs) for run in members if run.start]
    return len(recipes) == 1 and len(settings) == len(members) and not any(base in members for base in starts if base)


def _shortest_names(keys: Sequence[Key]) -> dict[Key, str]:
    """The shortest ends of the keys that distinguish them."""
    names = {}
    for key in keys:
        others = [other for other in keys if other != key]
        size = next((n for n in range(1, len(key)) if all(other[-n:] != key[-n:] for other in others)), len(key))
        names[key] = "/".join(key[-size:])
    return names


def _assign_colors(variants: Sequence[Variant], runs: Sequence[Run]) -> None:
    trained = next((variant for variant in variants if variant.stage == "rl"), None)
    bases = [origin(run, runs) for run in trained.runs] if trained else []
    base = next((variant for variant in variants if any(run in variant.runs for run in bases)), None)
    order = [variant for variant in variants if variant is not trained and variant is not base]
    if trained is None:
        colors = dict(enumerate(order))
    else:
        colors = {TRAINED_COLOR: trained, **({BASE_COLOR: base} if base else {}), **dict(enumerate(order, 2))}
    for color, variant in colors.items():
        variant.color = color
