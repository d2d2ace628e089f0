from __future__ import annotations

from math import isclose, sqrt
from pathlib import Path
from typing import Any

import pytest
from made_runs import pretrained, put, rewarded

from fathom.report.changes import base_of, changes, sentences
from fathom.report.content import RunReport
from fathom.report.discover import find
from fathom.report.measures import Board, Estimate, Measure, boards
from fathom.report.readiness import gate
from fathom.report.variants import group_variants
from fathom.report.verdicts import aims, beyond, beyond_spread

HOT, GREEDY = Measure("", "pass@1", 1.0), Measure("", "pass@1", 0.0)


def look(place: Path, start: str, hot: float, greedy: float = 0.5, split: str = "test", **more: Any) -> None:
    """A measurement of ``start`` with these shares of right answers."""
    line = {"kind": "measure", "step": 0, "seconds": 1, "problems": 100, "split": split, "error": 0.02}
    lines = [line | {"temperature": 1.0, "pass@1": hot} | more, line | {"temperature": 0.0, "pass@1": greedy}]
    put(place, {"stage": "measure", "config": {"stage": "measure", "start": start, "task": {"name": "t"}}}, lines)


def experiment(root: Path, zero: list[float], control: list[float], *, greedy: float = 0.5) -> RunReport:
    """Runs of reinforcement learning and of a control, by the share that is right at T = 1."""
    for seed, hot in enumerate(zero):
        pretrained(root / f"seed-{seed}" / "base", seed=seed, updates=10)
        rewarded(root / f"seed-{seed}" / "zero", f"r/seed-{seed}/base/final", seed=seed, steps=2)
        look(root / f"seed-{seed}" / "test-zero", f"r/seed-{seed}/zero/final", hot, greedy)
    for seed, hot in enumerate(control):
        place = root / f"seed-{seed}"
        pretrained(place / "again", name="again", start=f"r/seed-{seed}/base/final", seed=seed, updates=60)
        look(place / "test-again", f"r/seed-{seed}/again/final", hot)
    return RunReport(find([root]), "x")


def outcomes(report: RunReport) -> dict[str, tuple[str, str]]:
    (board,), (arm,) = report.boards, report.learned
    return {one.aim: (one.outcome, one.told.replace("\u00a0", " ")) for one in aims(board, arm, report.runs, 0.85)}


def only(report: RunReport) -> Board:
    (board,) = report.boards
    return board


def test_several_runs_have_a_spread_and_one_an_error(tmp_path: Path) -> None:
    board = only(experiment(tmp_path, [0.8, 0.9, 1.0], [0.5]))
    again, zero = (result.estimate(HOT) for result in board.results)
    assert zero is not None
    assert again is not None
    assert (zero.mean, zero.over_runs) == (pytest.approx(0.9), True)
    assert zero.plus_minus == pytest.approx(0.1)  # the standard deviation of .8, .9, 1
    assert (again.mean, again.over_runs, again.plus_minus) == (0.5, False, 0.02)


def test_a_share_without_an_error_has_the_bound_over_problems(tmp_path: Path) -> None:
    look(tmp_path / "m", "model", 0.5, **{"pass@8": 0.9, "length": 30.0, "traces": {"lines": 2.0, "claims": 0.2}})
    (result,) = only(RunReport(find([tmp_path]), "x")).results

    def error(path: str, **how: Any) -> float | None:
        found = result.estimate(Measure("", path, 1.0, **how))
        assert found is not None
        return found.plus_minus

    assert isclose(error("pass@8") or 0, sqrt(0.9 * 0.1 / 100))
    assert isclose(error("traces.claims") or 0, sqrt(0.2 * 0.8 / 100))
    assert error("length", unit="number") is None
    assert error("traces.lines", unit="number") is None
    assert result.estimate(Measure("", "missing", 1.0)) is None
    assert result.name == "model"


def test_splits_and_tasks_are_boards_of_their_own_and_the_later_look_counts(tmp_path: Path) -> None:
    pretrained(tmp_path / "base", updates=10)
    look(tmp_path / "test-1", "base/final", 0.4)
    look(tmp_path / "test-2", "base/final", 0.6)
    look(tmp_path / "validation", "base/final", 0.7, split="validation")
    runs = find([tmp_path])
    found = {board.split: board.results[0].estimate(HOT) for board in boards(runs, group_variants(runs))}
    assert found == {"test": Estimate((0.6,), 0.02), "validation": Estimate((0.7,), 0.02)}


def test_aims_that_are_met(tmp_path: Path) -> None:
    found = outcomes(experiment(tmp_path, [0.86, 0.87, 0.88], [0.7, 0.71, 0.72], greedy=0.9))
    assert found["sampled pass@1 at least 85 % at T = 1".replace(" %", "\u00a0%")] == ("met", "87.0 ± 1.0 %")
    assert found["greedy at least equal to every control"] == (
        "met",
        "90.0 ± 0.0 %, the best control (again) 50.0 ± 0.0 %: +40.0 points",
    )
    assert found["sampled at T = 1 above every control by more than the spread of seeds"] == (
        "met",
        "points above again +16.0 (spread 2.0)",
    )
    assert found["at least 3 seeds over 2 bases"] == ("met", "3 runs from 3 bases")
    assert found["every control as long at work as reinforcement learning"][0] == "met"


def test_aims_that_are_missed_say_by_how_much(tmp_path: Path) -> None:
    found = outcomes(experiment(tmp_path, [0.70, 0.80], [0.6, 0.82], greedy=0.4))
    assert found["sampled pass@1 at least 85\u00a0% at T = 1"] == ("missed", "75.0 ± 7.1 %, 10.0 points short")
    assert found["greedy at least equal to every control"][0] == "missed"
    assert "−10.0 points" in found["greedy at least equal to every control"][1]
    above = found["sampled at T = 1 above every control by more than the spread of seeds"]
    assert above == ("missed", "points above again +4.0 (spread 22.6)")
    assert found["at least 3 seeds over 2 bases"] == ("missed", "2 runs from 2 bases")


def test_with_one_seed_the_comparison_stays_open(tmp_path: Path) -> None:
    found = outcomes(experiment(tmp_path, [0.9], [0.5]))
    assert found["sampled at T = 1 above every control by more than the spread of seeds"] == (
        "open",
        "points above again +40.0; a single seed has no spread to compare with",
    )
    assert beyond_spread(Estimate((0.4,)), Estimate((0.5,)))[0] == "missed"


def test_a_control_that_had_less_time_is_no_control(tmp_path: Path) -> None:
    report = experiment(tmp_path, [0.9], [])
    pretrained(tmp_path / "seed-0" / "short", name="s", start="r/seed-0/base/final", updates=10)
    look(tmp_path / "seed-0" / "test-short", "r/seed-0/short/final", 0.5)
    found = outcomes(RunReport(find([tmp_path]), "x"))
    assert found["every control as long at work as reinforcement learning"] == ("missed", "17.1 s; short 3.0 s")
    assert report.learned[0].name == "zero"


def test_the_time_of_all_rounds_counts(tmp_path: Path) -> None:
    experiment(tmp_path, [0.9], [])  # 17 s of reinforcement learning; 3 rounds of 6 s
    start = "r/seed-0/base/final"
    for place in ("round-1", "round-2", "iterated"):
        pretrained(tmp_path / "seed-0" / place, name="i", start=start, updates=20)
        start = f"r/seed-0/{place}/final"
    look(tmp_path / "seed-0" / "test-iterated", start, 0.5)
    found = outcomes(RunReport(find([tmp_path]), "x"))
    assert found["every control as long at work as reinforcement learning"] == ("met", "17.1 s; iterated 18.0 s")


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
    runs = find([put(tmp_path / "zero", {"stage": "rl", "config": config}, [{"kind": "gate", "step": 0, **line}])])
    assert [(one.outcome, one.told.replace("\u00a0", " ")) for one in gate(runs)] == expected


@pytest.mark.parametrize(
    ("solved", "control", "p", "outcome"), [(20, 5, 0.001, "met"), (8, 5, 0.4, "open"), (5, 5, 1.0, "missed")]
)
def test_beyond_the_base(tmp_path: Path, solved: int, control: int, p: float, outcome: str) -> None:
    line = {"kind": "beyond", "step": 0, "level": "all", "samples": 64, "unsolved": 40, "solved": solved}
    facts = {"stage": "beyond"}
    (run,) = find([put(tmp_path / "b", facts, [line | {"control": control, "p_value": p, "lost": 2}])])
    found = beyond(run)
    assert found is not None
    assert found.outcome == outcome
    assert f"of 40 problems it solves {solved}, the base asked again {control}" in found.told


def test_what_changed_and_what_did_not(tmp_path: Path) -> None:
    pretrained(tmp_path / "base", updates=10)
    rewarded(tmp_path / "zero", "r/base/final", steps=2)
    traces = {"first_right": 0.98, "leaf_right": 0.97, "claims": 0.4, "verified": 0.9}
    before = {"pass@8": 0.9, "pass@64": 0.97, "length": 25.0, "guesses": 0.3, "traces": traces}
    after = {"pass@8": 0.96, "pass@64": 0.98, "length": 50.0, "guesses": 0.02, "traces": traces | {"claims": 0.9}}
    look(tmp_path / "test-base", "r/base/final", 0.4, **before)
    look(tmp_path / "test-zero", "r/zero/final", 0.85, **after)
    report = RunReport(find([tmp_path]), "x")
    board, (arm,) = only(report), report.learned
    base, mine = base_of(board, arm, report.runs), board.result(arm)
    assert base is not None
    assert mine is not None
    assert [line.replace("\u00a0", " ") for line in sentences(changes(board, base, mine))] == [
        "It thinks longer: answers went from 25.0 to 50.0 tokens, 2.0 times as long, and guesses fell from 30.0 to "
        "2.0 %.",
        "It claims a hit more often (from 40.0 to 90.0 % of the answers); as many of the claims hold (from 90.0 to "
        "90.0 %).",
        "Its arithmetic is what it was (first result right from 98.0 to 98.0 % and leaf result right from 97.0 to "
        "97.0 %): it became more patient, not more skilled.",
        "What it can solve at all, it could before: pass@64 went from 97.0 to 98.0 %. One answer of it is worth about "
        "8 of the base, of which the best counts.",
        "Not changed beyond what chance explains: greedy, pass@8, pass@64, claims that hold, first result right and "
        "leaf result right.",
    ]
