from __future__ import annotations

from pathlib import Path

import pytest

from fathom.base.errors import ConfigError
from fathom.train.config import RunConfig
from fathom.train.display import Display
from fathom.train.stages import run


def test_a_stage_without_a_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing runs the stage 'dreaming'"):
        run(RunConfig(stage="dreaming", name="x"), tmp_path, Display())
