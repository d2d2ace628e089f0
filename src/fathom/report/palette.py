"""Which color stands for whom, the same in every drawing of a report."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report.run import Run
from fathom.report.variants import Variant, origin

LEARNED, GROUND, FIRST_OTHER = 0, 1, 2
"""Places in the style sheet: the model that learned by rewards, the one it began with, everybody else."""


def palette(groups: Sequence[Variant], runs: Sequence[Run]) -> dict[str, int]:
    """A color for each arm, by name. The first arm of reinforcement learning has the accent, its base the quiet one."""
    learned = [arm for arm in groups if arm.stage == "rl"]
    bases = {base.directory for arm in learned for run in arm.runs if (base := origin(run, runs)) is not None}
    found: dict[str, int] = {}
    if learned:
        found[learned[0].name] = LEARNED
        ground = [arm for arm in groups if arm.stage != "rl" and any(run.directory in bases for run in arm.runs)]
        if ground:
            found[ground[0].name] = GROUND
    other = FIRST_OTHER if learned else LEARNED
    for arm in groups:
        if arm.name not in found:
            found[arm.name] = other
            other += 1
    return found
