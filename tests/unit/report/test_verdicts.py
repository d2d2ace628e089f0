"""Goals: met, missed or open, and by what margin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_experiments import evaluate, experiment, outcomes
from made_runs import write_pretraining, write_run

from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.results import Estimate
from fathom.report.verdicts import beyond_verdict, margin, readiness


def test_goals_that_are_met(tmp_path: Path) -> None:
    verdicts = outcomes(experiment(tmp_path, [0.86, 0.87, 0.88], [0.7, 0.71, 0.72], greedy=0.9))
    assert verdicts["sampled pass@1 at least 85 % at T = 1".replace(" %", "\u00a0%")] == ("met", "87.0 ± 1.0 %")
    assert verdicts["greedy at least equal to every control"] == (
        "met",
        "90.0 ± 0.0 %, the best control (again) 50.0 ± 0.0 %: +40.0 points",
    )
    assert verdicts["sampled at T = 1 above every control by more than the spread of seeds"] == (
        "met",
        "points above again +16.0 (spread 2.0)",
    )
    assert verdicts["at least 3 seeds over 2 bases"] == ("met", "3 runs from 3 bases")
    assert verdicts["every control trained as long as reinforcement learning"][0] == "met"


def test_goals_that_are_missed_say_by_how_much(tmp_path: Path) -> None:
    verdicts = outcomes(experiment(tmp_path, [0.70, 0.80], [0.6, 0.82], greedy=0.4))
    assert verdicts["sampled pass@1 at least 85\u00a0% at T = 1"] == ("missed", "75.0 ± 7.1 %, 10.0 points short")
    assert verdicts["greedy at least equal to every control"][0] == "missed"
    assert "−10.0 points" in verdicts["greedy at least equal to every control"][1]
    above = verdicts["sampled at T = 1 above every control by more than the spread of seeds"]
    assert above == ("missed", "points above again +4.0 (spread 22.6)")
    assert verdicts["at least 3 seeds over 2 bases"] == ("missed", "2 runs from 2 bases")


def test_with_one_seed_the_comparison_stays_open(tmp_path: Path) -> None:
    verdicts = outcomes(experiment(tmp_path, [0.9], [0.5]))
    assert verdicts["sampled at T = 1 above every control by more than the spread of seeds"] == (
        "open",
        "points above again +40.0; a single seed has no spread to compare with",
    )
    assert margin(Estimate((0.4,)), Estimate((0.5,)))[0] == "missed"


def test_a_control_that_had_less_time_is_no_control(tmp_path: Path) -> None:
    report = experiment(tmp_path, [0.9], [])
    write_pretraining(tmp_path / "seed-0" / "short", name="s", start="r/seed-0/base/final", updates=10)
    evaluate(tmp_path / "seed-0" / "test-short", "r/seed-0/short/final", 0.5)
    verdicts = outcomes(RunReport(find_runs([tmp_path]), "x"))
    assert verdicts["every control trained as long as reinforcement learning"] == ("missed", "17.1 s; short 3.0 s")
    assert report.rl[0].name == "zero"


def test_the_time_of_all_rounds_counts(tmp_path: Path) -> None:
    experiment(tmp_path, [0.9], [])  # 17 s of reinforcement learning; 3 rounds of 6 s
    start = "r/seed-0/base/final"
    for place in ("round-1", "round-2", "iterated"):
        write_pretraining(tmp_path / "seed-0" / place, name="i", start=start, updates=20)
        start = f"r/seed-0/{place}/final"
    evaluate(tmp_path / "seed-0" / "test-iterated", start, 0.5)
    verdicts = outcomes(RunReport(find_runs([tmp_path]), "x"))
    assert verdicts["every control trained as long as reinforcement learning"] == ("met", "17.1 s; iterated 18.0 s")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            {"pass@1": 0.5, "error": 0.03, "pass@8": 0.8, "thought_right": 0.2, "guess_right": 0.3},
            [
                ("missed", "50.0 ± 3.0 %, 5.0 points above"),
                ("missed", "80.0 %, 10.0 points below"),
                ("missed", "20.0 against 30.0 %"),
            ],
        ),
        ({"pass@1": 0.2, "thought_right": 0.2}, [("missed", "20.0 %, 5.0 points below"), ("met", "it never guesses")]),
        ({"pass@8": 0.95, "thought_right": None}, [("met", "95.0 %")]),
        ({}, []),
    ],
)
def test_the_gate(tmp_path: Path, line: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    config = {"gate": {"pass_at_1": [0.25, 0.45], "pass_at_k": 0.9}}
    runs = find_runs(
        [write_run(tmp_path / "zero", {"stage": "rl", "config": config}, [{"kind": "gate", "step": 0, **line}])]
    )
    assert [(one.outcome, one.detail.replace("\u00a0", " ")) for one in readiness(runs)] == expected


@pytest.mark.parametrize(
    ("solved", "control", "p", "outcome"), [(20, 5, 0.001, "met"), (8, 5, 0.4, "open"), (5, 5, 1.0, "missed")]
)
def test_beyond_the_base(tmp_path: Path, solved: int, control: int, p: float, outcome: str) -> None:
    line = {"kind": "beyond", "step": 0, "level": "all", "samples": 64, "unsolved": 40, "solved": solved}
    facts = {"stage": "beyond"}
    (run,) = find_runs([write_run(tmp_path / "b", facts, [line | {"control": control, "p_value": p, "lost": 2}])])
    verdict = beyond_verdict(run)
    assert verdict is not None
    assert verdict.outcome == outcome
    assert f"of 40 problems it solves {solved}, the base sampled again {control}" in verdict.detail
