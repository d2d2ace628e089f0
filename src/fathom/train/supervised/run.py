"""Pretraining and supervised fine-tuning: a model, rows of data, and the loop over them in one session.

Pretraining counts every token of every document as a target (DeepSeek-V3, section 4); fine-tuning what the assistant
writes, its thinking included. With ``lora`` only low-rank updates are trained, and checkpoints hold nothing else; they
are merged at the end, so that ``final`` is an ordinary model, and ``adapter`` holds them separately.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError, TokenizerError
from fathom.base.memory import keep_freed
from fathom.checkpoint.bundle import open_bundle
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.loader import Loader
from fathom.model.transformer import Transformer
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.train.components.recompute import recompute, undo_recompute
from fathom.train.run.display import Display
from fathom.train.run.session import RunSession, seed_process
from fathom.train.run.trainee import Trainee, load_tokenizer
from fathom.train.supervised.adapter import save_adapter
from fathom.train.supervised.config import SupervisedConfig, TuningConfig
from fathom.train.supervised.dataset import dataset, held_out
from fathom.train.supervised.extent import describe_extent, measure_extent
from fathom.train.supervised.loop import Loop
from fathom.train.supervised.lora import adapt, merge


def run_supervised(config: SupervisedConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or resume it there; False where it was stopped before its end."""
    trainee = load_trainee(config, world)
    rows = dataset(config, config.data, trainee.tokenizer, trainee.template, display.say)
    return train(config, trainee, rows, out, display, world=world)


def train(
    config: SupervisedConfig,
    trainee: Trainee,
    rows: PackedDataset,
    out: Path,
    display: Display,
    *,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    world: World = ALONE,
) -> bool:
    """Train ``trainee`` on ``rows`` into ``out``; False where the run was stopped before its end. ``before`` holds
    lines to record, by kind, of what came before training. Every rank of ``world`` calls this.

    Raises ConfigError for a resume from another configuration, and what :meth:`RunSession.run` raises.
    """
    model = trainee.model
    validation = held_out(config, trainee.tokenizer, trainee.template, display.say)
    lora = config.lora if isinstance(config, TuningConfig) else None
    if lora is not None:
        adapt(model, lora)
    session = RunSession(config, out, trainee, display, world)
    world.check_equal("the data", rows.fingerprint)
    recompute(model, config.recompute)
    extent = measure_extent(config, len(rows), rows.length, world.size)
    display.say(describe_extent(config, extent))
    loader = Loader(rows, extent.batch.rows, seed=config.seed, rank=world.rank, world=world.size, epochs=extent.epochs)
    loop = Loop(
        model,
        config,
        loader,
        extent.updates,
        batch=extent.batch,
        store=session.store,
        validation=validation,
        shown=display.show,
        before=before or {},
        world=world,
    )

    def export() -> None:
        undo_recompute(model)
        if lora is not None:
            if world.is_main:
                save_adapter(out, model, lora, config.start)
            merge(model)
        if loop.ema is not None and world.is_main:
            with loop.ema.swap(model):
                session.save_final(config.save_dtype)
        else:
            session.save_final(config.save_dtype)

    return session.run(loop, export)


def load_trainee(config: SupervisedConfig, world: World = ALONE) -> Trainee:
    """The model that the run starts with, in float32, its tokenizer and template. Seeds the process, and has its
    allocator keep freed memory.

    Raises ConfigError where tokenizer, rows and model do not fit each other.
    """
    keep_freed()
    seed_process(config)
    device = str(world.device(config.device))
    trainee = _build(config, device) if config.start is None else _open(config, config.start, device)
    if trainee.tokenizer.vocab_size > trainee.model.config.vocab_size:
        raise ConfigError(
            f"the tokenizer has {trainee.tokenizer.vocab_size} tokens, the model only "
            f"{trainee.model.config.vocab_size}",
            f"set model.vocab_size to at least {trainee.tokenizer.vocab_size}",
        )
    if config.batch.length > trainee.model.config.max_position:
        raise ConfigError(
            f"rows of {config.batch.length} tokens exceed the model's context of {trainee.model.config.max_position}",
            "lower batch.length, or build a model with a larger max_position",
        )
    if isinstance(config, TuningConfig):
        trainee.template = _chat_template(config, trainee)
    return trainee


def _build(config: SupervisedConfig, device: str) -> Trainee:
    """A new model."""
    assert config.model is not None  # the configuration is validated
    assert config.tokenizer is not None
    with torch.device(device):
        model = Transformer(config.model)
    return Trainee(model, *load_tokenizer(config.tokenizer), since=time.monotonic())


def _open(config: SupervisedConfig, start: str, device: str) -> Trainee:
    """The model of a checkpoint."""
    bundle = open_bundle(start, dtype="float32", device=device)
    if config.tokenizer is not None and load_tokenizer(config.tokenizer)[0].fingerprint != bundle.tokenizer.fingerprint:
        raise ConfigError(
            f"the tokenizer {config.tokenizer} does not fit the checkpoint {start}, which has its own",
            "leave it out: --set tokenizer=null",
        )
    return Trainee(
        bundle.model.requires_grad_(True),
        bundle.tokenizer,
        bundle.template,
        since=time.monotonic(),
        generation=bundle.generation,
    )


def _chat_template(config: TuningConfig, trainee: Trainee) -> ChatTemplate | None:
    """The template that conversations are learned in, and ``final`` gets: that of the configuration, of the model, or
    ChatML where the vocabulary has its tokens.
    """
    if config.template is not None:
        return _read_template(config.template, trainee.template)
    try:
        return Chat(trainee.tokenizer, trainee.template).template
    except TokenizerError:  # where the data are conversations, the same error is raised with the first of them
        return trainee.template


def _read_template(path: str, shipped: ChatTemplate | None) -> ChatTemplate:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "correct template") from error
    return ChatTemplate(text, bos=shipped.bos if shipped else "", eos=shipped.eos if shipped else "")
