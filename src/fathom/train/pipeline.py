"""Pipelines: runs that start from each other's results, in order or several at a time, resumed where they stopped.

A recipe may return a :class:`Pipeline` instead of one configuration (``fathom train speedrun:pipeline``):

    Pipeline("two", (Stage("base", pretraining()), Stage("tuned", tuning(start=output("base")))))

Every stage runs in a process of its own, into a directory of its own below that of the pipeline. A stage starts when
the stages that it refers to are finished. ``pipeline.json`` records what is finished, so that the same command repeats
nothing; a stage that was interrupted resumes from its checkpoint.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from fathom.base.errors import ConfigError, FathomError
from fathom.base.progress import Report, silent
from fathom.train.run.config import RunConfig, difference, override, validate
from fathom.train.run.export import FINAL
from fathom.train.run.metrics import read, replace_text
from fathom.train.run.stopping import stop_on_signal

STATE = "pipeline.json"
STOPPED = 130
"""Exit code of a stage that was stopped before its end."""
_REFERENCE = "stage:"
_POLL = 0.1  # seconds


class StageError(FathomError):
    """The stage ``name`` of a pipeline ended with an error."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(
            f"the stage {name} ended with exit code {code}", "its output says why; the same command resumes there"
        )
        self.name = name


def output(stage: str) -> str:
    """The finished model of ``stage``, for any key of a configuration that takes the path of a model."""
    return f"{_REFERENCE}{stage}/{FINAL}"


@dataclass(frozen=True, slots=True)
class Stage:
    """``config``, changed by ``settings`` (KEY=VALUE), as a run in the directory ``name`` below that of the pipeline.
    It may refer to an earlier stage by :func:`output`. ``minutes_of`` names an earlier stage whose time becomes the
    ``minutes`` of this one, or one of ``parts`` equal parts of it.
    """

    name: str
    config: RunConfig
    settings: tuple[str, ...] = ()
    minutes_of: str | None = None
    parts: int = 1

    @property
    def final_config(self) -> RunConfig:
        """With its settings. Raises ConfigError where they do not fit."""
        return override(self.config, self.settings)

    @property
    def needs(self) -> set[str]:
        """Names of the stages that have to be finished before."""
        needs = {_stage_of(reference) for reference in _references(self.final_config.model_dump(mode="json"))}
        return needs if self.minutes_of is None else needs | {self.minutes_of}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """``stages`` in order, each after those that it refers to; ``jobs`` of them run at a time. ``hint`` is printed at
    the end; ``{out}`` in it is the directory. Raises ConfigError where a stage refers to none before it.
    """

    name: str
    stages: tuple[Stage, ...]
    jobs: int = 1
    hint: str = ""

    def __post_init__(self) -> None:
        before: set[str] = set()
        for stage in self.stages:
            if stage.name in before:
                raise ConfigError(f"two stages are called {stage.name}", "rename one")
            if missing := stage.needs - before:
                raise ConfigError(
                    f"the stage {stage.name} refers to {', '.join(sorted(missing))}, which is no stage before it",
                    "put it before, or correct the name",
                )
            before.add(stage.name)

    def stage(self, name: str) -> Stage:
        """The stage of that name. Raises ConfigError where there is none."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise ConfigError(
            f"the pipeline {self.name} has no stage {name}", f"choose {', '.join(stage.name for stage in self.stages)}"
        )

    def override(self, settings: Iterable[str]) -> Pipeline:
        """With ``STAGE.key=value`` applied in order to the stage of that name, or to ``…/STAGE`` of every seed.

        Raises ConfigError for a stage or a key that is not there.
        """
        stages = list(self.stages)
        for setting in settings:
            name, _, rest = setting.partition(".")
            matches = [at for at, stage in enumerate(stages) if stage.name.rpartition("/")[2] == name]
            if not matches:
                names = dict.fromkeys(stage.name.rpartition("/")[2] for stage in stages)
                raise ConfigError(
                    f"--set {setting!r}: the pipeline {self.name} has no stage {name}",
                    f"write STAGE.KEY=VALUE with a stage among {', '.join(names)}",
                )
            for at in matches:
                stages[at] = replace(stages[at], settings=(*stages[at].settings, rest))
                stages[at].final_config  # noqa: B018 - a mistake is an error now
        return replace(self, stages=tuple(stages))


def for_seeds(seeds: Iterable[int], stages: Callable[[int], Iterable[Stage]], *settings: str) -> tuple[Stage, ...]:
    """The ``stages`` of each seed, below ``seed-N``, with ``seed`` set to it and with ``settings``. They refer to each
    other by their own names, and to those of another seed by ``seed-N/NAME``. The first stages of all seeds come first.
    """
    every = []
    for seed in seeds:
        own = list(stages(seed))
        names = {stage.name for stage in own}
        every.append([_for_seed(stage, seed, names, settings) for stage in own])
    return tuple(stage for turn in zip_longest(*every) for stage in turn if stage is not None)


def _for_seed(stage: Stage, seed: int, own: set[str], settings: tuple[str, ...]) -> Stage:
    folder = f"seed-{seed}/"

    def place(name: str) -> str:
        return folder + name if name in own else name

    values = _replace_references(
        stage.config.model_dump(mode="json"), lambda path: output(place(path.removesuffix(f"/{FINAL}")))
    )
    return replace(
        stage,
        name=folder + stage.name,
        config=validate(type(stage.config), values),
        settings=(f"seed={seed}", *settings, *stage.settings),
        minutes_of=None if stage.minutes_of is None else place(stage.minutes_of),
    )


def resolve(stage: Stage, out: Path) -> RunConfig:
    """The configuration of ``stage`` with paths below ``out`` for its references, and its minutes. What it refers to
    must be finished.
    """
    values = _replace_references(stage.final_config.model_dump(mode="json"), lambda path: str(out / path))
    if stage.minutes_of is not None:
        seconds = read(out / stage.minutes_of)[-1]["seconds"]
        values["minutes"] = float(f"{seconds / 60 / stage.parts:.6g}")  # six digits: so earlier run folders have it
    return validate(type(stage.config), values)


def run_pipeline(
    pipeline: Pipeline, out: Path, launch: Callable[[Stage], subprocess.Popen[bytes]], report: Report = silent
) -> bool:
    """Run what is not finished below ``out``; ``launch`` starts the process of a stage, in a session of its own. False
    where it was stopped.

    Raises StageError where a stage failed; others that were running then come to their end first.
    """
    runner = _Runner(pipeline, out, launch, report)
    with stop_on_signal() as stopping:
        try:
            while runner.advance(stopping()):
                time.sleep(_POLL)
        except BaseException:
            runner.interrupt()
            raise
        finally:
            runner.wait()
    if runner.failed is not None:
        raise StageError(*runner.failed)
    return not runner.waiting and not runner.stopped


class _Runner:
    """Starts stages and observes their processes."""

    def __init__(
        self, pipeline: Pipeline, out: Path, launch: Callable[[Stage], subprocess.Popen[bytes]], report: Report
    ) -> None:
        self._jobs = pipeline.jobs
        self._out = out
        self._launch = launch
        self._report = report
        self._recorded = _read_state(out)
        self._finished: set[str] = set()
        self._running: list[_Running] = []
        self.waiting = list(pipeline.stages)
        self.stopped = False
        self.failed: tuple[str, int] | None = None

    def advance(self, stopping: bool) -> bool:
        """Start what can start and take note of what has ended; False where nothing more is to be done."""
        if stopping and not self.stopped:
            self.stopped = True
            self.interrupt()
        self._collect()
        if not self.stopped and self.failed is None:
            for stage in list(self.waiting):
                if stage.needs <= self._finished and len(self._running) < self._jobs:
                    self.waiting.remove(stage)
                    self._start(stage)
        return bool(self._running) or (bool(self.waiting) and not self.stopped and self.failed is None)

    def interrupt(self) -> None:
        """Ask the running stages to save their state and stop, as Ctrl-C does; a second time ends them at once."""
        for running in self._running:
            if running.process.poll() is None:
                os.killpg(running.process.pid, signal.SIGINT)

    def wait(self) -> None:
        for running in self._running:
            running.process.wait()

    def _start(self, stage: Stage) -> None:
        config = resolve(stage, self._out)
        if (self._out / stage.name).is_dir() and _is_same(self._recorded.get(stage.name), config):
            self._finished.add(stage.name)
            self._report(f"stage {stage.name} is finished", None)
            return
        self._report(f"stage {stage.name}", None)
        self._running.append(_Running(stage.name, config, self._launch(stage), time.monotonic()))

    def _collect(self) -> None:
        for running in list(self._running):
            code = running.process.poll()
            if code is None:
                continue
            self._running.remove(running)
            if code == 0:
                self._record(running)
            elif code in (STOPPED, -signal.SIGINT):
                self.stopped = True
            else:
                self.failed = self.failed or (running.name, code)

    def _record(self, running: _Running) -> None:
        seconds = round(time.monotonic() - running.began, 1)
        self._finished.add(running.name)
        self._recorded[running.name] = {"seconds": seconds, "config": running.config.model_dump(mode="json")}
        replace_text(self._out / STATE, json.dumps({"finished": self._recorded}, indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class _Running:
    """A stage's process, and when it began."""

    name: str
    config: RunConfig
    process: subprocess.Popen[bytes]
    began: float


def _read_state(out: Path) -> dict[str, Any]:
    path = out / STATE
    return dict(json.loads(path.read_text(encoding="utf-8"))["finished"]) if path.exists() else {}


def _is_same(finished: Mapping[str, Any] | None, config: RunConfig) -> bool:
    """Whether a stage was finished with ``config``, up to keys that no result depends on."""
    if finished is None:
        return False
    keys = {key for key, _, _ in difference(finished["config"], config.model_dump(mode="json"))}
    return keys <= config.free


def _references(value: Any) -> Iterator[str]:
    """Every reference to a stage within a dumped configuration."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _references(part)


def _stage_of(reference: str) -> str:
    return reference.removeprefix(_REFERENCE).removesuffix(f"/{FINAL}")


def _replace_references(value: Any, replacement: Callable[[str], str]) -> Any:
    """A dumped configuration with ``replacement(path)`` for every reference to a stage's ``path``."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        return replacement(value.removeprefix(_REFERENCE))
    if isinstance(value, dict):
        return {key: _replace_references(part, replacement) for key, part in value.items()}
    return [_replace_references(part, replacement) for part in value] if isinstance(value, list) else value
