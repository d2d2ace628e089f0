"""Pipelines, with stages that are small programs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from fathom.base.errors import ConfigError
from fathom.train.pipeline import STATE, Pipeline, Stage, StageError, for_seeds, output, resolve, run_pipeline
from fathom.train.run.config import RunConfig


class Example(RunConfig):
    stage: str = "example"
    name: str = "example"
    start: str | None = None
    minutes: float | None = None
    options: dict[str, Any] = Field(default_factory=dict)


WORK = """
import json, sys, time
place, seconds, code = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
import pathlib
pathlib.Path(place).mkdir(parents=True, exist_ok=True)
with open(place + "/metrics.jsonl", "a") as file:
    file.write(json.dumps({"step": 1, "seconds": 90.0}) + "\\n")
try:
    time.sleep(seconds)
except KeyboardInterrupt:
    sys.exit(130)
sys.exit(code)
"""


class Launcher:
    """Starts programs instead of training, and notes in which order."""

    def __init__(self, out: Path, seconds: float = 0.0, codes: dict[str, int] | None = None) -> None:
        self.out = out
        self.seconds = seconds
        self.codes = codes or {}
        self.started: list[str] = []
        self.most = 0
        self._processes: list[subprocess.Popen[bytes]] = []

    def __call__(self, stage: Stage) -> subprocess.Popen[bytes]:
        self.started.append(stage.name)
        arguments = [str(self.out / stage.name), str(self.seconds), str(self.codes.get(stage.name, 0))]
        self._processes.append(subprocess.Popen([sys.executable, "-c", WORK, *arguments], start_new_session=True))
        self.most = max(self.most, sum(process.poll() is None for process in self._processes))
        return self._processes[-1]


def two(**changes: Any) -> Pipeline:
    stages = (Stage("base", Example()), Stage("tuned", Example(start=output("base"))))
    return Pipeline("two", stages, **changes)


def test_stages_run_in_order_and_only_once(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path)
    printed: list[str] = []
    assert run_pipeline(two(), tmp_path, launcher, lambda what, _fraction: printed.append(what))
    assert launcher.started == ["base", "tuned"]
    assert printed == ["stage base", "stage tuned"]
    state = json.loads((tmp_path / STATE).read_text())["finished"]
    assert state["tuned"]["config"]["start"] == f"{tmp_path}/base/final"
    assert state["tuned"]["seconds"] > 0
    assert run_pipeline(two(), tmp_path, launcher, lambda what, _fraction: printed.append(what))
    assert launcher.started == ["base", "tuned"]
    assert printed[2:] == ["stage base is finished", "stage tuned is finished"]


def test_a_stage_with_another_configuration_or_without_its_directory_runs_again(tmp_path: Path) -> None:
    run_pipeline(two(), tmp_path, Launcher(tmp_path))
    again = Launcher(tmp_path)
    run_pipeline(two().override(["tuned.seed=3", "base.log_every=2"]), tmp_path, again)
    assert again.started == ["tuned"]  # no result depends on log_every
    (tmp_path / "base").rename(tmp_path / "elsewhere")
    again = Launcher(tmp_path)
    run_pipeline(two().override(["tuned.seed=3"]), tmp_path, again)
    assert again.started == ["base"]


def test_a_failed_stage_ends_the_pipeline_and_is_repeated(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, codes={"tuned": 3})
    with pytest.raises(StageError, match="the stage tuned ended with exit code 3; its output says why"):
        run_pipeline(two(), tmp_path, launcher)
    again = Launcher(tmp_path)
    assert run_pipeline(two(), tmp_path, again)
    assert again.started == ["tuned"]


def test_several_stages_run_at_a_time_but_not_more_than_asked(tmp_path: Path) -> None:
    stages = tuple(Stage(name, Example()) for name in "abcd")
    launcher = Launcher(tmp_path, seconds=0.5)
    assert run_pipeline(Pipeline("four", stages, jobs=2), tmp_path, launcher)
    assert launcher.started == list("abcd")
    assert launcher.most == 2


def test_an_interrupt_stops_the_running_stage_and_starts_no_other(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, seconds=60)

    def interrupt() -> None:
        while not (tmp_path / "base/metrics.jsonl").exists():
            time.sleep(0.05)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert not run_pipeline(two(), tmp_path, launcher)
    thread.join()
    assert launcher.started == ["base"]
    assert not (tmp_path / STATE).exists()


def test_a_stage_gets_the_time_of_another(tmp_path: Path) -> None:
    timed = Stage("timed", Example(start=output("base")), minutes_of="base", parts=3)
    pipeline = Pipeline("timed", (Stage("base", Example()), timed))
    run_pipeline(pipeline, tmp_path, Launcher(tmp_path))
    config = resolve(timed, tmp_path)
    assert isinstance(config, Example)
    assert config.minutes == 0.5  # a third of 90 seconds
    assert timed.needs == {"base"}


def test_references_are_replaced_wherever_they_are(tmp_path: Path) -> None:
    stage = Stage("b", Example(options={"start": output("a"), "more": [output("seed-1/a"), 3]}))
    config = resolve(stage, tmp_path)
    assert isinstance(config, Example)
    assert config.options == {"start": f"{tmp_path}/a/final", "more": [f"{tmp_path}/seed-1/a/final", 3]}
    assert stage.needs == {"a", "seed-1/a"}


def test_stages_of_several_seeds() -> None:
    def stages(seed: int) -> list[Stage]:
        base = [Stage("base", Example(), ("threads=1",))] if seed == 0 else []
        start = Stage("tuned", Example(start=output("seed-0/base")))
        return [*base, start, Stage("timed", Example(start=output("tuned")), minutes_of="tuned")]

    made = for_seeds(range(2), stages, "log_every=7")
    assert [stage.name for stage in made] == [
        *("seed-0/base", "seed-1/tuned", "seed-0/tuned", "seed-1/timed", "seed-0/timed"),
    ]
    assert [stage.final_config.seed for stage in made] == [0, 1, 0, 1, 0]
    assert {stage.final_config.log_every for stage in made} == {7}
    assert made[3].needs == {"seed-1/tuned"}
    assert made[1].needs == {"seed-0/base"}
    assert made[0].final_config.threads == 1
    Pipeline("seeds", made)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pipeline("x", (Stage("a", Example()), Stage("a", Example()))), "two stages are called a"),
        (
            lambda: Pipeline("x", (Stage("b", Example(start=output("a"))), Stage("a", Example()))),
            "the stage b refers to a, which is no stage before it",
        ),
        (lambda: Pipeline("x", (Stage("b", Example(), minutes_of="a"),)), "refers to a, which is no stage before"),
        (lambda: two().override(["tuned.sed=1"]), r"there is no such key \(did you mean seed\?\)"),
        (lambda: two().override(["seed=1"]), "has no stage seed=1; write STAGE.KEY=VALUE with a stage among base, tun"),
        (lambda: two().stage("third"), "the pipeline two has no stage third; choose base, tuned"),
    ],
)
def test_what_does_not_fit_together_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
