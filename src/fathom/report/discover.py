"""Finding the runs below the directories of a command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from fathom.base.errors import ReportError
from fathom.report.run import ORDER, Run, load
from fathom.train.run.metrics import METRICS, RUN

DEEPEST = 6
"""Folders below a given one that are searched."""

MOST = 200
"""Runs of one report."""

_PASSED_OVER = frozenset({"checkpoints", "final"})


def find(directories: Sequence[Path]) -> list[Run]:
    """Every run in or below ``directories``, each once: by stage, then by name.

    Raises ReportError where a directory is none, or holds no run, or there are more than anybody wants to see.
    """
    places: dict[Path, None] = {}
    for directory in directories:
        found = list(_below(directory))
        if not found:
            raise ReportError(
                f"{directory} holds no run: no {RUN} and no {METRICS} in it or below",
                "name the directory that `fathom train --out` wrote, or one that holds several",
            )
        places.update(dict.fromkeys(found))
    if len(places) > MOST:
        raise ReportError(f"there are {len(places)} runs, and a report takes {MOST}", "name fewer directories")
    root = _shared(list(places), directories)
    runs = [load(place, place.relative_to(root).parts) for place in places]
    return sorted(runs, key=lambda run: (_rank(run.stage), _natural(run.label)))


def _below(directory: Path) -> Iterator[Path]:
    """Directories of runs, resolved."""
    if not directory.is_dir():
        problem = "is no directory" if directory.exists() else "does not exist"
        raise ReportError(f"{directory} {problem}", "name the directory of a run, or one that holds several")
    top = directory.resolve()
    for folder, inner, files in os.walk(top):
        place = Path(folder)
        depth = len(place.relative_to(top).parts)
        inner[:] = sorted(
            name for name in inner if depth < DEEPEST and name not in _PASSED_OVER and not name.startswith(".")
        )
        if RUN in files or METRICS in files:
            yield place


def _shared(places: Sequence[Path], directories: Sequence[Path]) -> Path:
    """The folder that all runs lie in; a single run's own parent, so that its name remains."""
    given = [directory.resolve() for directory in directories]
    shared = Path(os.path.commonpath([*places, *given]))
    return shared.parent if shared in places else shared


def _rank(stage: str) -> int:
    return ORDER.index(stage) if stage in ORDER else ORDER.index("measure")


def _natural(label: str) -> tuple[tuple[int, str], ...]:
    """Seed-10 behind seed-9."""
    parts = re.split(r"([0-9]{1,18})", label)
    return tuple((int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts))
