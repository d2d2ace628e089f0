"""Evaluations and experiments of a few seeds, for tests of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from made_runs import write_pretraining, write_rl, write_run

from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.results import Measure, TaskResults
from fathom.report.verdicts import goal_verdicts

HOT, GREEDY = Measure("", "pass@1", 1.0), Measure("", "pass@1", 0.0)


def evaluate(place: Path, start: str, hot: float, greedy: float = 0.5, split: str = "test", **more: Any) -> None:
    """An evaluation of ``start`` with these shares of correct answers."""
    line = {"kind": "measure", "step": 0, "seconds": 1, "problems": 100, "split": split, "error": 0.02}
    lines = [line | {"temperature": 1.0, "pass@1": hot} | more, line | {"temperature": 0.0, "pass@1": greedy}]
    write_run(place, {"stage": "measure", "config": {"stage": "measure", "start": start, "task": {"name": "t"}}}, lines)


def experiment(root: Path, zero: list[float], control: list[float], *, greedy: float = 0.5) -> RunReport:
    """Runs of reinforcement learning and of a control, by the share that is correct at T = 1."""
    for seed, hot in enumerate(zero):
        write_pretraining(root / f"seed-{seed}" / "base", seed=seed, updates=10)
        write_rl(root / f"seed-{seed}" / "zero", f"r/seed-{seed}/base/final", seed=seed, steps=2)
        evaluate(root / f"seed-{seed}" / "test-zero", f"r/seed-{seed}/zero/final", hot, greedy)
    for seed, hot in enumerate(control):
        place = root / f"seed-{seed}"
        write_pretraining(place / "again", name="again", start=f"r/seed-{seed}/base/final", seed=seed, updates=60)
        evaluate(place / "test-again", f"r/seed-{seed}/again/final", hot)
    return RunReport(find_runs([root]), "x")


def outcomes(report: RunReport) -> dict[str, tuple[str, str]]:
    """(outcome, detail) by goal."""
    (results,), (variant,) = report.tasks, report.rl
    verdicts = goal_verdicts(results, variant, report.runs, 0.85)
    return {one.goal: (one.outcome, one.detail.replace("\u00a0", " ")) for one in verdicts}


def only_task_results(report: RunReport) -> TaskResults:
    (results,) = report.tasks
    return results
