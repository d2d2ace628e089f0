"""What reinforcement learning changed: base and trained model, figure by figure.

A figure *changed* where the difference exceeds twice the joint standard error over problems, and the sum of both
standard deviations over seeds. Where no error is known, it must exceed 1 point (a share) or a tenth (a number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from fathom.report import formatting
from fathom.report.results import Estimate, Measure, TaskResults, VariantResult
from fathom.report.run import Run
from fathom.report.variants import origin

MIN_SHARE_CHANGE, MIN_RELATIVE_CHANGE = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after."""

    measure: Measure
    before: Estimate
    after: Estimate

    @property
    def difference(self) -> float:
        return self.after.mean - self.before.mean

    @property
    def changed(self) -> bool:
        spread = sum(one.plus_minus or 0.0 for one in (self.before, self.after) if one.over_runs)
        if self.before.error is not None and self.after.error is not None:
            return abs(self.difference) > max(spread, 2 * hypot(self.before.error, self.after.error))
        least = MIN_SHARE_CHANGE if self.measure.unit == "share" else MIN_RELATIVE_CHANGE * abs(self.before.mean)
        return abs(self.difference) > max(spread, least)

    @property
    def task_specific(self) -> bool:
        """Whether the task measures this of itself."""
        return "." in self.measure.path

    @property
    def range(self) -> str:
        """``from 30.0 to 2.0 %``."""
        unit = f"{formatting.GAP}%" if self.measure.unit == "share" else ""
        return f"from {self.measure.format(self.before.mean)} to {self.measure.format(self.after.mean)}{unit}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A trained variant beside the base that it started from, on one set of problems."""

    results: TaskResults
    base: VariantResult
    trained: VariantResult
    changes: tuple[Change, ...]

    def get(self, path: str) -> Change | None:
        """The change of a figure at the main temperature."""
        t = self.results.main_temperature
        return next((one for one in self.changes if (one.measure.path, one.measure.temperature) == (path, t)), None)

    @property
    def passes(self) -> dict[int, Change]:
        """pass@k by k at the main temperature."""
        t = self.results.main_temperature
        same = [one for one in self.changes if one.measure.path.startswith("pass@") and one.measure.temperature == t]
        return dict(sorted((int(one.measure.path[5:]), one) for one in same))

    @property
    def samples_worth(self) -> int | None:
        """The least k whose pass@k of the base reaches pass@1 of the trained model."""
        one = self.passes.get(1)
        if one is None or one.difference <= 0:
            return None
        return next((k for k, change in self.passes.items() if change.before.mean >= one.after.mean), None)


def changes_from_base(results: TaskResults, trained: VariantResult, runs: Sequence[Run]) -> Comparison | None:
    """The comparison, where the base was evaluated on the same problems too."""
    starts = [origin(run, runs) for run in trained.variant.runs] if trained.variant is not None else []
    evaluated = (one for one in results.variants if any(run.model and run.model in starts for run in one.evaluations))
    base = next(evaluated, None) or next((one for one in results.variants if one.name == "base"), None)
    if base is None or base is trained:
        return None
    pairs = [(m, base.estimate(m), trained.estimate(m)) for group in results.groups().values() for m in group]
    changes = tuple(Change(m, old, new) for m, old, new in pairs if old is not None and new is not None)
    return Comparison(results, base, trained, changes)
