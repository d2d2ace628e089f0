from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fathom.base.errors import ConfigError
from fathom.cli.main import app
from fathom.train.run.recipe import folder

TINY = str(folder() / "tiny_pretrain.py")


def test_a_recipe_runs_into_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = ["--set", "steps=2", "--set", "batch.rows=2", "--set", "data.options.count=50"]
    done = CliRunner().invoke(app, ["train", TINY, *settings])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "runs/tiny-pretrain/final/config.json").is_file()


def test_a_mistake_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="there is no such key"):
        CliRunner().invoke(app, ["train", TINY, "--out", str(out), "--set", "optim.lrr=1"], catch_exceptions=False)
    with pytest.raises(ConfigError, match="there is no recipe nothing"):
        CliRunner().invoke(app, ["train", "nothing", "--out", str(out)], catch_exceptions=False)
    with pytest.raises(ConfigError, match="has no dial"):
        CliRunner().invoke(app, ["train", TINY, "--out", str(out), "--depth", "3"], catch_exceptions=False)
    assert not out.exists()
