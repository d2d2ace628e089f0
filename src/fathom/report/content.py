"""What a report is made of: runs, the arms they form, and where these were measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from fathom.report.measures import Board, boards
from fathom.report.palette import palette
from fathom.report.run import Run
from fathom.report.variants import Variant, group_variants

GOAL = 0.85
"""Sampled pass@1 that reinforcement learning aims at, unless somebody says otherwise."""


@dataclass(slots=True)
class RunReport:
    """``goal`` is the share of sampled answers that are to be right after learning; ``colors`` are by arm."""

    runs: list[Run]
    title: str
    goal: float = GOAL
    groups: list[Variant] = field(init=False)
    boards: list[Board] = field(init=False)
    colors: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = group_variants(self.runs)
        self.boards = boards(self.runs, self.groups)
        self.colors = palette(self.groups, self.runs)

    @property
    def learned(self) -> list[Variant]:
        """The arms of reinforcement learning."""
        return [arm for arm in self.groups if arm.stage == "rl"]

    def stage(self, name: str) -> list[Run]:
        """Runs of that stage, in order."""
        return [run for run in self.runs if run.stage == name]
