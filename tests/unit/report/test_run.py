"""A run from its directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import write_pretraining, write_rl, write_run

from fathom.report.run import MAX_LINES, SampledLines, load


def test_a_long_run_keeps_a_bounded_number_of_lines_and_the_last() -> None:
    lines = SampledLines()
    for step in range(100_000):
        lines.add({"step": step})
    kept = lines.all()
    assert len(kept) <= MAX_LINES + 2
    assert (kept[0]["step"], kept[-1]["step"], lines.total) == (0, 99_999, 100_000)


def test_what_a_run_did_and_cost(tmp_path: Path) -> None:
    run = load(write_pretraining(tmp_path / "base", updates=100), ("base",))
    assert (run.label, run.stage, run.trains, run.finished) == ("base", "pretrain", True, True)
    assert (run.step, run.steps, run.seconds, run.tokens) == (100, 100, 30.0, 384_000)
    assert run.dollars == pytest.approx(0.05 * 30 / 3600)
    sampling = load(write_rl(tmp_path / "zero", "base/final", steps=2))
    assert (sampling.start, sampling.step) == ("base/final", 2)
    assert sampling.tokens == sum(line["sampled_tokens"] for line in sampling.lines["steps"])


def test_an_evaluation_is_finished_with_a_line_for_each_setting(tmp_path: Path) -> None:
    facts = {"stage": "measure", "config": {"settings": [{}, {}], "description": "held-out problems"}}
    line = {"kind": "measure", "step": 0, "seconds": 1}
    run = load(write_run(tmp_path / "a", facts, [line]))
    assert (run.trains, run.finished, run.description) == (False, False, "held-out problems")
    assert load(write_run(tmp_path / "b", facts, [line, line])).finished


def test_without_facts_the_stage_is_that_of_the_lines(tmp_path: Path) -> None:
    assert load(write_run(tmp_path / "a", None, [{"kind": "rl", "step": 1}])).stage == "rl"
    assert load(write_run(tmp_path / "b", None, [{"kind": "train", "step": 1}])).stage == "training"
