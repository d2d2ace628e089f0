"""What a report is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import speedrun, write_pretraining, write_run

from fathom.report.content import RunReport, average, describe_model, describe_run, total
from fathom.report.discover import find_runs
from fathom.report.run import load


def test_time_from_an_initialized_model_through_every_run_between(tmp_path: Path) -> None:
    report = RunReport(find_runs([speedrun(tmp_path, updates=400)]), "x")
    assert report.seconds_from_scratch() == ("zero", pytest.approx(0.3 * 400 + 6.1 + 5.5 * 40))
    assert [(name, stage, len(runs)) for name, stage, runs in report.cost_rows()] == [
        ("base", "pretrain", 3),
        ("continued", "pretrain", 3),
        ("rejection", "pretrain", 3),
        ("zero", "rl", 3),
        ("evaluations", "", 12),
    ]
    assert total(report.runs, "seconds") == pytest.approx(3 * (120 + 2 * 60 + 226.1 + 4 * 20))
    assert average(report.stage("rl"), "step") == 40
    assert total(report.runs, "steps") is not None


def test_without_a_beginning_there_is_no_time_from_scratch(tmp_path: Path) -> None:
    write_pretraining(tmp_path / "own", start="elsewhere/final", updates=10)
    report = RunReport(find_runs([tmp_path]), "x")
    assert report.seconds_from_scratch() is None
    ((name, first, last),) = report.final_values()
    assert (name, float(first) > 0, float(last) > 0) == ("loss of own", True, True)


def test_a_run_that_is_going_says_so(tmp_path: Path) -> None:
    place = write_run(tmp_path / "a", {"stage": "sft"}, [{"kind": "train", "step": 1, "loss": 1.0}])
    (place / "final").rmdir()
    report = RunReport(find_runs([tmp_path]), "x")
    assert [name for name, _, _ in report.cost_rows()] == ["a (not finished)"]


def test_a_model_and_a_run_in_words(tmp_path: Path) -> None:
    run = load(write_pretraining(tmp_path / "base", updates=10))
    model = (
        "2.21 M parameters, 992 K of them active per token, 4 layers of width 128, latent attention, "
        "8 experts of which 2 serve a token, 1 MTP module"
    )
    assert describe_model(run.facts).replace("\u00a0", " ") == model
    facts = describe_run(run)
    assert (facts["recipe"], facts["seed"], facts["updates"]) == ("speedrun", "0", "10 of 10")
    assert facts["versions"] == "fathom 0.1.0, torch 2.13.0, python 3.11.2"
    assert "started from" not in facts
