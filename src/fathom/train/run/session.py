"""The session that every training stage shares: resume, describe, train, stop, export.

    DIR/run.json         configuration, model, machine
    DIR/metrics.jsonl    one line every few updates
    DIR/checkpoints/     the state to resume from
    DIR/final/           the finished model: a Hugging Face directory

The same command starts a run, resumes it, exports the model of a complete one, or reports that nothing is left to do.
What is trained, and on what, is a :class:`TrainingLoop`: the loop over given text, or the loop over rollouts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.checkpoint.store.store import Saved, Store
from fathom.model.transformer import Transformer
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.run import rng
from fathom.train.run.config import RunConfig, difference, validate
from fathom.train.run.display import Display
from fathom.train.run.export import FINAL, save_final
from fathom.train.run.facts import run_facts
from fathom.train.run.metrics import Recorder, describe
from fathom.train.run.stopping import stop_on_signal
from fathom.train.run.trainee import Trainee

TOKENIZER = "tokenizer"
"""Folder of a checkpoint that holds the tokenizer of the run."""


class TrainingLoop(Protocol):
    """A training loop as a session drives it; it writes its own checkpoints, into :attr:`RunSession.store`."""

    @property
    def model(self) -> Transformer: ...

    @property
    def step(self) -> int:
        """Updates done."""
        ...

    @property
    def total(self) -> int:
        """Updates of the whole run; an estimate where the run is limited by time."""
        ...

    def resume(self, saved: Saved) -> float:
        """Restore the state of a checkpoint; returns the seconds that the run had taken."""
        ...

    def is_finished(self, seconds: float) -> bool:
        """Whether the updates or the time of the run, of which ``seconds`` are spent, are used up."""
        ...

    def describe(self, recorder: Recorder) -> Mapping[str, Any]:
        """What ``run.json`` says of the trainer: ``updates`` (None: limited by time), and more. Called before the
        first update of this process; a new run (``step`` 0) may examine its model and record what it finds.
        """
        ...

    def run(self, recorder: Recorder, stopping: Callable[[], bool]) -> None:
        """Train until finished, or until ``stopping`` holds on any rank; the last state is saved."""
        ...


class RunSession:
    """A run of ``config`` in the directory ``out``, new or resumed; every rank of ``world`` has one, rank 0 writes.

    ``saved`` is the checkpoint to resume from, None for a new run. Raises ConfigError where ``out`` holds a run of
    another configuration or tokenizer.
    """

    def __init__(self, config: RunConfig, out: Path, trainee: Trainee, display: Display, world: World = ALONE) -> None:
        self.config = config
        self.out = out
        self.trainee = trainee
        self.display = display
        self.world = world
        self.store = Store(
            out, config.checkpoint.keep, display.say, lambda folder: trainee.tokenizer.save(folder / TOKENIZER)
        )
        if world.is_main:
            self.store.clean()
        self.saved = find_resumable(self.store, config)
        if self.saved is not None:
            check_tokenizer(self.saved, trainee.tokenizer)

    def run(self, trainer: TrainingLoop, export: Callable[[], None]) -> bool:
        """Train to the end and call ``export`` on every rank; False where the run was stopped before its end.

        Raises what ``trainer`` raises: DivergedError, CheckpointError where the disk refuses, RanksError where another
        rank is gone.
        """
        spent = 0.0 if self.saved is None else trainer.resume(self.saved)
        if trainer.is_finished(spent) and (self.out / FINAL).is_dir():
            self.display.say(f"nothing is left to do: {self.out / FINAL} is there")
            return True
        self.world.check_equal("the last checkpoint", trainer.step)
        self.world.broadcast(trainer.model)
        preparation = 0.0 if self.trainee.since is None else time.monotonic() - self.trainee.since
        recorder = Recorder(self.out, step=trainer.step, spent=spent + preparation, writes=self.world.is_main)
        about = {**run_facts(self.config, trainer.model, self.world), **trainer.describe(recorder)}
        if self.world.is_main:
            describe(self.out, about)
        self.display.begin(
            about["updates"], trainer.step, spent, flops=about.get("flops_per_token", 0.0), peak=about["peak_flops"]
        )
        with stop_on_signal() as stopping:
            trainer.run(recorder, stopping)
            if self.world.any(stopping() and not trainer.is_finished(recorder.seconds)):
                self.display.say(f"stopped after update {trainer.step} of {trainer.total}; the same command resumes it")
                return False
        export()
        return True

    def save_final(self, dtype: str = "float32") -> None:
        """Write the model as ``final``, from rank 0; for ``export``."""
        if self.world.is_main:
            save_final(self.out, self.trainee, dtype)
            self.display.say(f"the finished model is {self.out / FINAL}")


def seed_process(config: RunConfig) -> None:
    """Set the number of threads and seed all generators of random numbers: the process belongs to the run."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    rng.seed(config.seed)


def find_resumable(store: Store, config: RunConfig) -> Saved | None:
    """The checkpoint to resume from; None for a new run.

    Raises ConfigError, with every key that differs, where it is that of another configuration.
    """
    saved = store.latest()
    if saved is None:
        return None
    changed = [
        f"{key}: {before!r} → {after!r}"
        for key, before, after in difference(_complete_config(saved, config), config.model_dump(mode="json"))
        if key not in config.free
    ]
    if changed:
        raise ConfigError(
            f"{store.directory.parent} holds a run of another configuration ({'; '.join(changed)})",
            "choose another --out, where a new run may begin with --set "
            f"start={store.directory.parent / FINAL}, or give the settings of this one",
        )
    return saved


def check_tokenizer(saved: Saved, tokenizer: Tokenizer) -> None:
    """Raises ConfigError where ``tokenizer`` is not the one that the checkpoint was trained with."""
    folder = saved.path / TOKENIZER
    if folder.is_dir() and Tokenizer.from_directory(folder).fingerprint != tokenizer.fingerprint:
        raise ConfigError(
            f"the tokenizer has changed since {saved.path} was written",
            f"restore the one in {folder}, or choose another --out",
        )


def _complete_config(saved: Saved, config: RunConfig) -> Mapping[str, Any]:
    """The configuration of a checkpoint with later keys at their defaults: the version that wrote it behaved so."""
    try:
        return validate(type(config), saved.config).model_dump(mode="json")
    except ConfigError:
        return saved.config
