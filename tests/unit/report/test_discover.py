"""Finding runs below directories."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_runs import speedrun, write_run

from fathom.base.errors import ReportError
from fathom.report.discover import find_runs


def test_runs_are_in_the_order_of_stages_and_numbers(tmp_path: Path) -> None:
    for seed in (2, 10, 1):
        write_run(tmp_path / f"zero-{seed}", {"stage": "rl"}, [])
        write_run(tmp_path / f"base-{seed}", {"stage": "pretrain"}, [])
    write_run(tmp_path / "own", {"stage": "own"}, [])
    labels = [run.label for run in find_runs([tmp_path])]
    assert labels == ["base-1", "base-2", "base-10", "zero-1", "zero-2", "zero-10", "own"]


def test_checkpoints_and_final_models_hold_no_runs_and_a_run_is_found_once(tmp_path: Path) -> None:
    root = speedrun(tmp_path / "speedrun", seeds=(1,), updates=50)
    write_run(root / "seed-1" / "base" / "checkpoints" / "x", {}, [])
    assert len(find_runs([root, root / "seed-1"])) == 8


def test_no_run_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"holds no run: no run.json and no metrics.jsonl.*name the directory"):
        find_runs([tmp_path])
    with pytest.raises(ReportError, match="does not exist"):
        find_runs([tmp_path / "nothing"])
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="is no directory"):
        find_runs([tmp_path / "file"])
