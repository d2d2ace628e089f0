"""Evaluations by variant, with their uncertainty."""

from __future__ import annotations

from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest
from made_experiments import HOT, evaluate, experiment, only_task_results
from made_runs import curriculum, write_pretraining

from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.results import Estimate, Measure, collect_results
from fathom.report.variants import group_variants


def test_several_runs_have_a_spread_and_one_an_error(tmp_path: Path) -> None:
    results = only_task_results(experiment(tmp_path, [0.8, 0.9, 1.0], [0.5]))
    again, zero = (result.estimate(HOT) for result in results.variants)
    assert zero is not None
    assert again is not None
    assert (zero.mean, zero.over_runs) == (pytest.approx(0.9), True)
    assert zero.plus_minus == pytest.approx(0.1)  # the standard deviation of .8, .9, 1
    assert (again.mean, again.over_runs, again.plus_minus) == (0.5, False, 0.02)


def test_a_share_without_an_error_has_the_bound_over_problems(tmp_path: Path) -> None:
    evaluate(tmp_path / "m", "model", 0.5, **{"pass@8": 0.9, "length": 30.0, "traces": {"lines": 2.0, "claims": 0.2}})
    (result,) = only_task_results(RunReport(find_runs([tmp_path]), "x")).variants

    def error(path: str, **how: Any) -> float | None:
        estimate = result.estimate(Measure("", path, 1.0, **how))
        assert estimate is not None
        return estimate.plus_minus

    assert isclose(error("pass@8") or 0, sqrt(0.9 * 0.1 / 100))
    assert isclose(error("traces.claims") or 0, sqrt(0.2 * 0.8 / 100))
    assert error("length", unit="number") is None
    assert error("traces.lines", unit="number") is None
    assert result.estimate(Measure("", "missing", 1.0)) is None
    assert result.name == "model"


def test_splits_and_tasks_are_boards_of_their_own_and_the_later_look_counts(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "base", updates=10)
    evaluate(tmp_path / "test-1", "base/final", 0.4)
    evaluate(tmp_path / "test-2", "base/final", 0.6)
    evaluate(tmp_path / "validation", "base/final", 0.7, split="validation")
    runs = find_runs([tmp_path])
    estimates = {
        results.split: results.variants[0].estimate(HOT) for results in collect_results(runs, group_variants(runs))
    }
    assert estimates == {"test": Estimate((0.6,), 0.02), "validation": Estimate((0.7,), 0.02)}


def test_what_a_task_measures_of_itself_has_rows_under_its_own_names(tmp_path: Path) -> None:
    own = {"moves": {"legal_moves": 0.75, "per_game": 41.0}, "by_opening": {"e4": {"won": 0.5}}, "odd": {"text": "x"}}
    evaluate(tmp_path / "m", "model", 0.5, **own)
    groups = only_task_results(RunReport(find_runs([tmp_path]), "x")).groups()
    shown = {title: [(m.title, m.path, m.unit) for m in group] for title, group in groups.items()}
    assert shown["Moves"] == [
        ("legal moves", "moves.legal_moves", "share"),
        ("per game", "moves.per_game", "number"),
    ]
    assert shown["By opening: e4"] == [("won", "by_opening.e4.won", "share")]
    assert "Odd" not in shown
    (measure, _) = groups["Moves"]
    assert measure.qualified_title == "moves: legal moves"


def test_levels_have_pass_at_1_and_at_the_largest_k(tmp_path: Path) -> None:
    (results,) = RunReport(find_runs([curriculum(tmp_path)]), "x").tasks
    groups = results.level_groups()
    assert {title: [m.path for m in group] for title, group in groups.items()} == {
        "pass@1": ["levels.three-12.pass@1", "levels.four-12.pass@1", "levels.gcd.pass@1"],
        "pass@64": ["levels.three-12.pass@64", "levels.four-12.pass@64", "levels.gcd.pass@64"],
    }
    estimate = results.variants[0].estimate(groups["pass@1"][0])
    assert estimate is not None
    assert estimate.error == 0.03  # the level's own
