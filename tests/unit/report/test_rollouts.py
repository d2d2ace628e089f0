"""Which completions a page shows."""

from __future__ import annotations

import json
from pathlib import Path

from made_runs import write_rl, write_run

from fathom.report.rollouts import MAX_STEPS, select_steps
from fathom.report.run import load


def test_steps_are_chosen_from_both_ends_and_evenly(tmp_path: Path) -> None:
    run = load(write_rl(tmp_path / "zero", "base", steps=200))
    steps, problems = select_steps(run)
    assert problems == []
    assert len(steps) == MAX_STEPS
    assert (steps[0].step, steps[-1].step) == (1, 200)
    few, _ = select_steps(run, budget=7000)
    assert {few[0].step, few[-1].step} == {1, 200}
    assert 2 <= len(few) < MAX_STEPS


def test_correct_and_wrong_completions_are_both_shown(tmp_path: Path) -> None:
    place = write_run(tmp_path / "zero", {"stage": "rl"}, [{"kind": "rl", "step": 1}])
    members = [
        {"text": str(i), "correct": i >= 6, "reward": float(i >= 6), "length": i, "truncated": i == 0} for i in range(8)
    ]
    line = {"step": 1, "prompt": "p", "completions": members}
    (place / "rollouts.jsonl").write_text(json.dumps(line) + "\n")
    ((step,), _) = select_steps(load(place))
    (problem,) = step.problems
    assert [one.text for one in problem.completions] == ["0", "1", "2", "3", "6", "7"]
    assert (problem.correct, problem.total) == (2, 8)
    assert problem.completions[0].caption.replace("\u202f", "") == "wrong · reward 0 · 0 tokens · truncated"
    assert step.as_json[1][0][3][5] == ["7", 1, "correct · reward 1 · 7 tokens", ""]
