from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fathom.base.errors import ConfigError
from fathom.base.progress import Report
from fathom.cli.main import app
from fathom.cli.train import spawn
from fathom.train.pipeline import Pipeline, Stage, StageError
from fathom.train.run.recipe import folder, recipe

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
    with pytest.raises(ConfigError, match="takes no depth"):
        CliRunner().invoke(app, ["train", TINY, "--out", str(out), "--depth", "3"], catch_exceptions=False)
    assert not out.exists()


PIPELINE = """
from fathom.recipes.tiny_pretrain import tiny_pretrain
from fathom.train.pipeline import Pipeline, Stage, output

SMALL = ("steps=2", "batch.rows=2", "data.options.count=50")

def both():
    tuned = tiny_pretrain().model_copy(update={"start": output("base"), "model": None, "tokenizer": None})
    return Pipeline(
        "both", (Stage("base", tiny_pretrain(), SMALL), Stage("tuned", tuned, SMALL)), hint="it is {out}/tuned/final"
    )
"""


def fathom(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fathom", "train", *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


def test_a_pipeline_runs_its_stages_and_reports(tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(PIPELINE)
    done = fathom("both.py", "--set", "tuned.steps=3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "runs/both"
    assert (out / "tuned/final/config.json").is_file()
    assert json.loads((out / "tuned/run.json").read_text())["config"]["steps"] == 3
    assert json.loads((out / "tuned/run.json").read_text())["config"]["start"] == "runs/both/base/final"
    assert (out / "report.html").is_file()
    assert "it is runs/both/tuned/final" in done.stdout
    alone = fathom("both.py", "--stage", "base", folder=tmp_path)
    assert "nothing is left to do" in alone.stderr


def test_a_stage_of_what_is_no_pipeline_is_refused() -> None:
    with pytest.raises(ConfigError, match="is one stage, not a pipeline; leave out --stage"):
        CliRunner().invoke(app, ["train", TINY, "--stage", "base"], catch_exceptions=False)


def test_ranks_are_processes_under_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    class Process:
        def __init__(self, command: list[str]) -> None:
            commands.append(command)

        def wait(self) -> int:
            return 7

    monkeypatch.setattr("fathom.cli.train.subprocess.Popen", Process)
    monkeypatch.setattr(sys, "argv", ["fathom", "train", "tiny-pretrain", "--ranks", "2"])
    before = signal.getsignal(signal.SIGINT)
    assert spawn(2) == 7
    (command,) = commands
    assert command[1:3] == ["-m", "torch.distributed.run"]
    assert command[command.index("--nproc-per-node") + 1] == "2"
    assert command[-6:] == ["-m", "fathom", "train", "tiny-pretrain", "--ranks", "2"]
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_stages_side_by_side_print_into_files(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[tuple[list[str], str | None]] = []

    def popen(command: list[str], *, start_new_session: bool, stdout: Any = None, stderr: Any = None) -> None:
        assert start_new_session
        assert stdout is stderr
        launched.append((command, None if stdout is None else stdout.name))

    def fail(pipeline: Pipeline, _out: Path, launch: Callable[[Stage], None], _report: Report) -> bool:
        for stage in pipeline.stages:
            launch(stage)
        raise StageError("beyond", 3)

    stages = (Stage("seed-0/base", recipe("tiny-pretrain")), Stage("beyond", recipe("speedrun-gpu:beyond")))
    monkeypatch.setattr("fathom.train.run.recipe.find", lambda _name: lambda: Pipeline("two", stages, jobs=jobs))
    monkeypatch.setattr("fathom.train.pipeline.run_pipeline", fail)
    monkeypatch.setattr("fathom.cli.train.subprocess.Popen", popen)
    arguments = ["train", "two", "--out", str(tmp_path), "--ranks", "2"]
    monkeypatch.setattr(sys, "argv", ["fathom", *arguments])
    with pytest.raises(StageError, match="the stage beyond ended with exit code 3") as caught:
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    commands, logs = zip(*launched, strict=True)
    assert commands[0][3:] == [*arguments, "--stage", "seed-0/base"]
    assert commands[1][3:] == [*arguments, "--stage", "beyond", "--ranks", "1"]  # it runs in one process
    if jobs == 1:
        assert logs == (None, None)
    else:
        assert logs == (str(tmp_path / "seed-0/base.log"), str(tmp_path / "beyond.log"))
        assert caught.value.remedy == f"see {tmp_path}/beyond.log; the same command resumes there"
