"""What changed between base and trained model, and what did not."""

from __future__ import annotations

from pathlib import Path

from html_page import parse_page
from made_experiments import evaluate
from made_runs import write_pretraining, write_rl

from fathom.report.changes import Change
from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.page import render
from fathom.report.results import Estimate, Measure


def test_what_changed_and_what_did_not(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "base", updates=10)
    write_rl(tmp_path / "zero", "r/base/final", steps=2)
    traces = {"first_right": 0.98, "leaf_right": 0.97, "claims": 0.4, "verified": 0.9}
    before = {"pass@8": 0.9, "pass@64": 0.97, "length": 25.0, "guesses": 0.3, "traces": traces}
    after = {"pass@8": 0.96, "pass@64": 0.98, "length": 50.0, "guesses": 0.02, "traces": traces | {"claims": 0.9}}
    evaluate(tmp_path / "test-base", "r/base/final", 0.4, **before)
    evaluate(tmp_path / "test-zero", "r/zero/final", 0.85, **after)
    (comparison,) = RunReport(find_runs([tmp_path]), "x").comparisons
    assert (comparison.base.name, comparison.trained.name) == ("base", "zero")
    length, reach = comparison.get("length"), comparison.passes[64]
    assert length is not None
    assert (length.changed, length.range) == (True, "from 25.0 to 50.0")
    assert (reach.changed, reach.range.replace("\u00a0", " ")) == (False, "from 97.0 to 98.0 %")
    assert comparison.samples_worth == 8
    assert [one.measure.qualified_title for one in comparison.changes if not one.changed] == [
        "greedy",
        "pass@8",
        "pass@64",
        "traces: first right",
        "traces: leaf right",
        "traces: verified",
    ]
    assert [one.measure.title for one in comparison.changes if one.task_specific and one.changed] == ["claims"]


def test_the_sentences_of_the_page(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "base", updates=10)
    write_rl(tmp_path / "zero", "r/base/final", steps=2)
    evaluate(tmp_path / "test-base", "r/base/final", 0.4, **{"pass@8": 0.9, "length": 25.0, "guesses": 0.3})
    evaluate(tmp_path / "test-zero", "r/zero/final", 0.85, **{"pass@8": 0.96, "length": 50.0, "guesses": 0.02})
    words = parse_page(render(RunReport(find_runs([tmp_path]), "x"))).words
    assert (
        "Completions are longer: from 25.0 to 50.0 tokens, 2.0 times as long; guesses fell from 30.0 to 2.0 %." in words
    )
    assert "It solves what the base could solve already: pass@8 went from 90.0 to 96.0 %." in words
    assert "One answer of it is worth the best of about 8 of the base." in words
    assert "Not changed beyond chance: greedy and pass@8." in words


def test_without_errors_a_point_of_a_share_and_a_tenth_of_a_number_are_a_change() -> None:
    share, amount = Measure("", "a.b", 1.0), Measure("", "c", 1.0, "number")
    assert not Change(share, Estimate((0.5,)), Estimate((0.509,))).changed
    assert Change(share, Estimate((0.5,)), Estimate((0.511,))).changed
    assert not Change(amount, Estimate((10.0,)), Estimate((10.9,))).changed
    assert Change(amount, Estimate((10.0,)), Estimate((11.1,))).changed
