"""The load of the experts of each router over a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fathom.report.records import number, text
from fathom.report.run import STEPS, Run

MAX_COLUMNS, MAX_ROWS, MAX_ROUTERS = 48, 64, 6
"""Of more updates and experts neighbours are averaged, of more routers some are shown."""

BOUNDS = (0.02, 0.5, 0.8, 1.25, 2.0, 3.0)
"""Bounds between the seven colors, as shares of the mean load: dead, idle … balanced … overloaded."""


@dataclass(frozen=True, slots=True)
class ExpertLoads:
    """Of one router. ``table`` (rows, columns): shares of the mean load; a row is ``per_row`` experts, the columns lie
    between the updates ``first`` and ``last``.
    """

    router: str
    table: npt.NDArray[np.float64]
    per_row: int
    experts: int
    first: float
    last: float

    @property
    def levels(self) -> npt.NDArray[np.intp]:
        """The color of each cell: 0 is dead, 3 balanced, 6 three times the mean and more."""
        return np.digitize(self.table, BOUNDS)


def collect_loads(run: Run) -> tuple[list[ExpertLoads], int]:
    """The loads of some routers of a run, and how many routers there are."""
    by_router: dict[str, list[tuple[float, list[float]]]] = {}
    for line in (line for kind in ("train", STEPS) for line in run.lines.get(kind, ())):
        step, routers = number(line.get("step")), line.get("loads")
        if step is not None and isinstance(routers, Mapping):
            for router, counts in routers.items():
                if shares := _shares(counts):
                    by_router.setdefault(router, []).append((step, shares))
    names = list(by_router)
    if len(names) > MAX_ROUTERS:
        names = [names[place * len(names) // MAX_ROUTERS] for place in range(MAX_ROUTERS)]
    return [_table(name, by_router[name]) for name in names], len(by_router)


def _shares(counts: object) -> list[float]:
    """Loads as shares of their mean; empty where they are no loads."""
    if not isinstance(counts, list) or not 0 < len(counts) <= 4096:
        return []
    values = [value for one in counts if (value := number(one)) is not None and value >= 0]
    mean = sum(values) / len(counts)
    return [value / mean for value in values] if len(values) == len(counts) and mean > 0 else []


def _table(router: str, lines: Sequence[tuple[float, list[float]]]) -> ExpertLoads:
    experts = len(lines[-1][1])
    lines = sorted((line for line in lines if len(line[1]) == experts), key=lambda line: line[0])
    per_row = -(-experts // MAX_ROWS)
    loads = np.array([shares for _, shares in lines]).T  # (experts, updates)
    rows = np.add.reduceat(loads, np.arange(0, experts, per_row), axis=0)
    rows /= np.minimum(per_row, experts - np.arange(0, experts, per_row))[:, None]
    columns = np.array_split(rows, min(MAX_COLUMNS, len(lines)), axis=1)
    table = np.stack([column.mean(axis=1) for column in columns], axis=1)
    return ExpertLoads(_router_label(router), table, per_row, experts, lines[0][0], lines[-1][0])


def _router_label(router: str) -> str:
    """``layers.3.mlp.router`` → ``layer 3``."""
    for pattern, name in ((r"layers\.(\d{1,4})\.mlp\.router", "layer"), (r"mtp\.(\d{1,4})\..*", "MTP module")):
        if match := re.fullmatch(pattern, router):
            return f"{name} {match[1]}"
    return text(router, 60)
