"""Finding the runs below the directories of a command line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from fathom.base.errors import ReportError
from fathom.report.run import Run, load
from fathom.train.run.metrics import METRICS, RUN

MAX_DEPTH, MAX_RUNS = 6, 200

STAGE_ORDER = ("pretrain", "sft", "distill", "rl", "measure", "beyond")
"""Stages in the order in which a model goes through them; unknown ones come before the evaluations."""

_SKIPPED = frozenset({"checkpoints", "final"})


def find_runs(directories: Sequence[Path]) -> list[Run]:
    """Every run in or below ``directories``, each once: by stage, then by name.

    Raises ReportError where a directory does not exist, holds no run, or there are more than `MAX_RUNS`.
    """
    places: dict[Path, None] = {}
    for directory in directories:
        below = list(_run_directories(directory))
        if not below:
            raise ReportError(
                f"{directory} holds no run: no {RUN} and no {METRICS} in it or below",
                "name the directory that `fathom train --out` wrote, or one that holds several",
            )
        places.update(dict.fromkeys(below))
    if len(places) > MAX_RUNS:
        raise ReportError(f"there are {len(places)} runs, and a report takes {MAX_RUNS}", "name fewer directories")
    root = Path(os.path.commonpath([*places, *(directory.resolve() for directory in directories)]))
    root = root.parent if root in places else root  # so that a single run keeps its name
    runs = [load(place, place.relative_to(root).parts) for place in places]
    return sorted(runs, key=lambda run: (_rank(run.stage), _natural_key(run.label)))


def _run_directories(directory: Path) -> Iterator[Path]:
    """Directories of runs, resolved."""
    if not directory.is_dir():
        problem = "is no directory" if directory.exists() else "does not exist"
        raise ReportError(f"{directory} {problem}", "name the directory of a run, or one that holds several")
    top = directory.resolve()
    for folder, inner, files in os.walk(top):
        depth = len(Path(folder).relative_to(top).parts)
        inner[:] = sorted(
            name for name in inner if depth < MAX_DEPTH and name not in _SKIPPED and not name.startswith(".")
        )
        if RUN in files or METRICS in files:
            yield Path(folder)


def _rank(stage: str) -> int:
    return STAGE_ORDER.index(stage if stage in STAGE_ORDER else "measure")


def _natural_key(label: str) -> tuple[tuple[int, str], ...]:
    """Sorts seed-10 after seed-9."""
    parts = re.split(r"([0-9]{1,18})", label)
    return tuple((int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts))
