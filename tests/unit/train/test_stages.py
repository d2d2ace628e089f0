from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import ClassVar

import pytest
from rich.console import Console

from fathom.base.distributed import World
from fathom.base.errors import CheckpointError, ConfigError
from fathom.base.lock import BusyError, exclusive
from fathom.train.run.config import RunConfig, override
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder
from fathom.train.run.recipe import recipe
from fathom.train.stages import LOCK, run


def test_a_stage_without_a_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing runs the stage 'dreaming'"):
        run(RunConfig(stage="dreaming", name="x"), tmp_path, Display())


class Alone(RunConfig):
    distributed: ClassVar[bool] = False


def test_a_stage_that_cannot_share_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the stage dreaming runs in one process; leave out --ranks"):
        run(Alone(stage="dreaming", name="x"), tmp_path, Display(), World(1, 2, 1))


@pytest.mark.parametrize("name", ["tiny-pretrain", "tiny-sft", "tiny-rl", "speedrun:measure"])
def test_a_directory_in_which_another_runs_is_left_alone(name: str, tmp_path: Path) -> None:
    message = rf"process {os.getpid()} on .* works in {re.escape(str(tmp_path))}; wait for it or stop it"
    with exclusive(tmp_path / LOCK, "it"), pytest.raises(BusyError, match=message):
        run(recipe(name), tmp_path, Display())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_place_that_is_no_directory_is_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        CheckpointError, match=rf"{re.escape(str(tmp_path / 'file'))}.*; make sure .* or choose another"
    ):
        run(recipe("tiny-pretrain"), tmp_path / place, Display(Console(quiet=True)))


def test_a_full_disk_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "metrics.jsonl"))

    monkeypatch.setattr(Recorder, "record", full)
    settings = override(recipe("tiny-pretrain"), ["steps=1", "batch.rows=1", "data.options.count=20"])
    with pytest.raises(
        CheckpointError, match=r"metrics\.jsonl: no space left on device; free some space and run the same"
    ):
        run(settings, tmp_path, Display(Console(quiet=True)))
