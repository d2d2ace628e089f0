from __future__ import annotations

import json
from pathlib import Path

from fathom.train.run.metrics import Recorder, describe, read


def test_every_line_is_a_json_object(tmp_path: Path) -> None:
    clock = iter([100.0, 101.5, 103.25])
    recorder = Recorder(tmp_path, clock=lambda: next(clock))
    line = recorder.record("train", 1, {"loss": 2.5})
    recorder.record("evaluation", 1, {"pass@1": 0.25})
    assert line == {"kind": "train", "step": 1, "seconds": 1.5, "loss": 2.5}
    assert (tmp_path / "metrics.jsonl").read_text() == (
        '{"kind": "train", "step": 1, "seconds": 1.5, "loss": 2.5}\n'
        '{"kind": "evaluation", "step": 1, "seconds": 3.25, "pass@1": 0.25}\n'
    )
    assert [line["kind"] for line in read(tmp_path)] == ["train", "evaluation"]


def test_a_resumed_run_drops_lines_after_its_checkpoint(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for step in (1, 2, 3, 4):
        recorder.record("train", step, {})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')  # a kill cut this short
    assert [line["step"] for line in read(tmp_path)] == [1, 2, 3, 4]
    again = Recorder(tmp_path, step=2, spent=7.0, clock=lambda: 50.0)
    again.record("train", 3, {})
    assert [line["step"] for line in read(tmp_path)] == [1, 2, 3]
    assert read(tmp_path)[-1]["seconds"] == 7.0


def test_a_new_run_truncates_the_file(tmp_path: Path) -> None:
    Recorder(tmp_path).record("train", 1, {})
    Recorder(tmp_path)
    assert read(tmp_path) == []


def test_a_run_without_metrics_has_none(tmp_path: Path) -> None:
    assert read(tmp_path) == []


def test_the_facts_of_a_run(tmp_path: Path) -> None:
    describe(tmp_path / "deep" / "er", {"name": "x"})
    assert json.loads((tmp_path / "deep" / "er" / "run.json").read_text()) == {"name": "x"}
