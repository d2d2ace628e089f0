"""What templates print beyond numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import speedrun, write_rl, write_run

from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.run import load
from fathom.report.views import MAX_CONFIG, completions_of, config_text, interval, legend_of, never_dead, p_value, whole


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (whole(12), "12"),
        (whole("x"), "–"),
        (interval([0.375, 0.671]), " [37.5, 67.1 %]"),
        (interval([0.1]), ""),
        (interval(None), ""),
        (p_value(0.0002), "< 0.001"),
        (p_value(0.25), "0.250"),
        (p_value(None), "–"),
    ],
)
def test_recorded_numbers(written: str, expected: str) -> None:
    assert written.replace("\u00a0", " ") == expected


def test_a_legend_names_a_variant_or_its_only_run(tmp_path: Path) -> None:
    report = RunReport(find_runs([speedrun(tmp_path, seeds=(1, 2), updates=50)]), "x")
    assert legend_of(report.variants)[0] == ("base (2 runs)", 1)
    report = RunReport(find_runs([tmp_path / "seed-1"]), "x")
    assert legend_of(report.variants)[0] == ("base", 1)


def test_dead_experts(tmp_path: Path) -> None:
    lines = [{"kind": "train", "step": step, "dead_experts": 0} for step in (1, 2)]
    assert never_dead([load(write_run(tmp_path / "a", {}, lines))])
    assert not never_dead(
        [load(write_run(tmp_path / "b", {}, [*lines, {"kind": "train", "step": 3, "dead_experts": 1}]))]
    )
    assert not never_dead([load(write_run(tmp_path / "c", {}, []))])


def test_a_configuration_is_cut_so_that_all_fit(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "a", {"config": {"x": ["long"] * 4000}}, []))
    assert len(config_text(run, 1)) == MAX_CONFIG
    assert len(config_text(run, 100)) == 4000
    assert config_text(load(write_run(tmp_path / "b", {"config": {}}, [])), 1) == ""


def test_problems_of_rollouts_go_to_their_run_once(tmp_path: Path) -> None:
    place = write_rl(tmp_path / "zero", "base", steps=3)
    with (place / "rollouts.jsonl").open("a") as file:
        file.write("[1]\n")
    report = RunReport(find_runs([tmp_path]), "x")
    for _ in range(2):
        ((run, steps),) = completions_of(report)
    assert run.problems == ["rollouts.jsonl: 1 broken line left out"]
    assert [step.step for step in steps] == [1, 2, 3]
