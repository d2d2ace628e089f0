"""Supervised training of a run: a model from its configuration, rows of data, and the loop over them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.base.memory import keep_freed
from fathom.checkpoint.bundle import open_bundle
from fathom.data.loader import Loader
from fathom.data.packing import PackedDataset
from fathom.model.transformer import Transformer
from fathom.train.components.recompute import keep_all, recompute
from fathom.train.run.display import Display
from fathom.train.run.session import RunSession, seed_process
from fathom.train.run.trainee import Trainee, load_tokenizer
from fathom.train.supervised.config import SupervisedConfig
from fathom.train.supervised.loop import Loop


def load_trainee(config: SupervisedConfig, device: torch.device) -> Trainee:
    """The model that the run begins with, in float32, and its tokenizer. Raises ConfigError where they do not fit."""
    if config.start is not None:
        bundle = open_bundle(config.start, dtype="float32", device=str(device))
        model, tokenizer, template = bundle.model.requires_grad_(True), bundle.tokenizer, bundle.template
        if config.tokenizer is not None and load_tokenizer(config.tokenizer)[0].fingerprint != tokenizer.fingerprint:
            raise ConfigError(
                f"the tokenizer {config.tokenizer} does not fit the checkpoint {config.start}, which has its own",
                "leave it out: --set tokenizer=null",
            )
    else:
        assert config.model is not None  # the configuration sees to it
        with device:
            model = Transformer(config.model)
        assert config.tokenizer is not None
        tokenizer, template = load_tokenizer(config.tokenizer)
    if tokenizer.vocab_size > model.config.vocab_size:
        raise ConfigError(
            f"the tokenizer has {tokenizer.vocab_size} tokens, the model only {model.config.vocab_size}",
            f"set model.vocab_size to at least {tokenizer.vocab_size}",
        )
    if config.batch.length > model.config.max_position:
        raise ConfigError(
            f"rows of {config.batch.length} tokens exceed the model's context of {model.config.max_position}",
            "lower batch.length, or build a model with a larger max_position",
        )
    return Trainee(model, tokenizer, template, since=time.monotonic())


def prepare(config: SupervisedConfig, world: World = ALONE) -> torch.device:
    """Set threads, seeds and the allocator (which keeps freed memory) as the configuration says; the run's device."""
    keep_freed()
    seed_process(config)
    return world.device(config.device)


def train(
    config: SupervisedConfig,
    trainee: Trainee,
    rows: PackedDataset,
    out: Path,
    display: Display,
    *,
    validation: PackedDataset | None = None,
    finish: Callable[[Transformer], None] = lambda _model: None,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    world: World = ALONE,
) -> bool:
    """Train ``trainee`` on ``rows`` into ``out``; False where the run was stopped before its end. ``finish`` is called
    with the trained model on every rank, before it is saved. ``before`` holds lines to record, by kind, of what came
    before training. Every rank of ``world`` calls this.

    Raises ConfigError for a resume from another configuration, and what :meth:`RunSession.run` raises.
    """
    session = RunSession(config, out, trainee, display, world)
    world.check_equal("the data", rows.fingerprint)
    recompute(trainee.model, config.recompute)
    loop = Loop(
        trainee.model,
        config,
        Loader(rows, config.batch.rows, seed=config.seed, rank=world.rank, world=world.size),
        _updates(config, rows),
        store=session.store,
        validation=validation,
        shown=display.show,
        before=before or {},
        world=world,
    )

    def export() -> None:
        keep_all(trainee.model)
        finish(trainee.model)
        if loop.ema is not None and world.is_main:
            with loop.ema.swap(trainee.model):
                session.save_final(config.save_dtype)
        else:
            session.save_final(config.save_dtype)

    return session.run(loop, export)


def _updates(config: SupervisedConfig, rows: PackedDataset) -> int | None:
    """How many the run has; None where it goes by minutes."""
    if config.minutes is not None:
        return None
    return config.steps or math.ceil((config.epochs or 1) * len(rows) / config.batch.rows)
