from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fathom.base.errors import ConfigError
from fathom.base.lock import BusyError, locked
from fathom.train.config import RunConfig
from fathom.train.display import Display
from fathom.train.recipe import recipe
from fathom.train.stages import LOCK, run


def test_a_stage_without_a_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing runs the stage 'dreaming'"):
        run(RunConfig(stage="dreaming", name="x"), tmp_path, Display())


@pytest.mark.parametrize("name", ["tiny-pretrain", "tiny-sft", "tiny-rl", "speedrun:measure"])
def test_a_directory_in_which_another_runs_is_left_alone(name: str, tmp_path: Path) -> None:
    message = rf"process {os.getpid()} on .* works in {re.escape(str(tmp_path))}; wait for it or stop it"
    with locked(tmp_path / LOCK, "it"), pytest.raises(BusyError, match=message):
        run(recipe(name), tmp_path, Display())
    assert not list(tmp_path.iterdir())
