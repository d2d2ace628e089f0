"""A whole run of supervised training in a directory, whether it begins or goes on.

    DIR/run.json         configuration, model, machine
    DIR/metrics.jsonl    one line every few updates
    DIR/checkpoints/     the state, to go on from
    DIR/final/           the finished model: a Hugging Face directory

The same command does the right thing at any time: it begins, goes on, finishes, or says that all is done.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import fathom
from fathom.base import cpu
from fathom.base.device import pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.base.memory import keep_freed
from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.store.store import Saved, Store
from fathom.data.loader import Loader
from fathom.data.packing import PackedDataset
from fathom.model import counts, flops
from fathom.model.transformer import Transformer
from fathom.recipes.countdown import vocabulary
from fathom.text import bpe
from fathom.text.template import ChatTemplate
from fathom.text.tokenizer import Tokenizer
from fathom.train.recompute import keep_all, recompute
from fathom.train.run import rng
from fathom.train.run.config import RunConfig, difference, validate
from fathom.train.run.display import Display
from fathom.train.run.export import FINAL, save_final
from fathom.train.run.hardware_peak import peak_flops
from fathom.train.run.loop import Loop
from fathom.train.run.metrics import Recorder, describe
from fathom.train.run.stopping import asked_to_stop
from fathom.train.supervised_config import SupervisedConfig

BYTES = "bytes"
"""The tokenizer without merges: every byte, and the tokens of the chat format."""

ZERO = "zero"
"""That of the laptop's R1-Zero: every number up to 99 is a token (:mod:`fathom.recipes.countdown.vocabulary`)."""


TOKENIZER = "tokenizer"
"""The folder of a checkpoint that holds it."""


@dataclass(slots=True)
class Trainee:
    """What learns, and what reads and writes for it. ``since`` is when it was made: its data take time as well."""

    model: Transformer
    tokenizer: Tokenizer
    template: ChatTemplate | None
    since: float = field(default_factory=time.monotonic)


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
    return Trainee(model, tokenizer, template)


def load_tokenizer(name: str) -> tuple[Tokenizer, ChatTemplate | None]:
    """The tokenizer called ``bytes`` or ``zero``, or that of a directory, and its chat template."""
    if name == BYTES:
        return bpe.train([], bpe.SMALLEST), bpe.chat_template()
    if name == ZERO:
        return vocabulary.tokenizer(), vocabulary.template()
    return Tokenizer.from_directory(name), ChatTemplate.from_directory(name)


def prepare(config: RunConfig, world: World = ALONE) -> torch.device:
    """Threads, seeds and device, as the configuration says, and memory that stays: the process belongs to the run."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    keep_freed()
    rng.seed(config.seed)
    return world.device(config.device)


def find_resumable(store: Store, config: RunConfig) -> Saved | None:
    """The checkpoint to go on from; None at the beginning.

    Raises ConfigError, with every key that differs, where it is that of another configuration.
    """
    saved = store.latest()
    if saved is None:
        return None
    changed = [
        f"{key}: {before!r} → {after!r}"
        for key, before, after in difference(_as_now(saved, config), config.model_dump(mode="json"))
        if key not in config.free
    ]
    if changed:
        raise ConfigError(
            f"{store.directory.parent} holds a run of another configuration ({'; '.join(changed)})",
            "choose another --out, or give the settings of the run",
        )
    return saved


def check_tokenizer(saved: Saved, tokenizer: Tokenizer) -> None:
    """Raises ConfigError where ``tokenizer`` is not the one that the checkpoint was trained with."""
    kept = saved.path / TOKENIZER
    if kept.is_dir() and Tokenizer.from_directory(kept).fingerprint != tokenizer.fingerprint:
        raise ConfigError(
            f"the tokenizer has changed since {saved.path} was written",
            f"put back the one that lies in {kept}, or choose another --out",
        )


def _as_now(saved: Saved, config: RunConfig) -> Mapping[str, Any]:
    """The configuration of a checkpoint with what has been added since, at its defaults: an older version had those."""
    try:
        return validate(type(config), saved.config).model_dump(mode="json")
    except ConfigError:
        return saved.config


def train(
    config: SupervisedConfig,
    load_trainee: Trainee,
    rows: PackedDataset,
    out: Path,
    display: Display,
    *,
    validation: PackedDataset | None = None,
    finish: Callable[[Transformer], None] = lambda _model: None,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    world: World = ALONE,
) -> bool:
    """Train ``load_trainee`` on ``rows`` into ``out``; False where the run was stopped before its end. ``finish`` is
    done to the trained model before it is saved. ``before`` holds lines to record, by kind, of what came before
    training. Every rank of ``world`` calls this, and the first writes.

    Raises ConfigError for a resume from another configuration, and what :meth:`Loop.run` raises.
    """
    store = Store(
        out, config.checkpoint.keep, display.say, lambda folder: load_trainee.tokenizer.save(folder / TOKENIZER)
    )
    if world.is_main:
        store.clean()
    saved = find_resumable(store, config)
    if saved is not None:
        check_tokenizer(saved, load_trainee.tokenizer)
    total = _updates(config, rows)
    loader = Loader(rows, config.batch.rows, seed=config.seed, rank=world.rank, world=world.size)
    world.check_equal("the data", rows.fingerprint)
    recompute(load_trainee.model, config.recompute)
    with asked_to_stop() as stopping:
        loop = Loop(
            load_trainee.model,
            config,
            loader,
            total,
            store=store,
            validation=validation,
            shown=display.show,
            stopping=stopping,
            world=world,
        )
        spent = loop.resume(saved) if saved is not None else 0.0
        since = spent + time.monotonic() - load_trainee.since
        recorder = Recorder(out, step=loop.step, spent=since, writes=world.is_main)
        if loop.is_finished(spent) and (out / FINAL).is_dir():
            display.say(f"nothing is left to do: {out / FINAL} is there")
            return True
        about = run_facts(config, load_trainee.model, total, loop.device, world)
        if world.is_main:
            describe(out, about)
        for kind, values in (before or {}).items():
            if loop.step == 0:
                recorder.record(kind, 0, values)
        display.begin(total, loop.step, spent, flops=about["flops_per_token"], peak=about["peak_flops"])
        loop.run(recorder)
        if world.any(stopping()) and not loop.is_finished(recorder.seconds):
            display.say(f"stopped after update {loop.step} of {loop.total}; the same command goes on")
            return False
    keep_all(load_trainee.model)
    finish(load_trainee.model)
    if not world.is_main:
        return True
    if loop.ema is None:
        save_final(out, load_trainee.model, load_trainee.tokenizer, load_trainee.template, config.save_dtype)
    else:
        with loop.ema.swap(load_trainee.model):
            save_final(out, load_trainee.model, load_trainee.tokenizer, load_trainee.template, config.save_dtype)
    display.say(f"the finished model lies in {out / FINAL}")
    return True


def _updates(config: SupervisedConfig, rows: PackedDataset) -> int | None:
    """How many the run has; None where it goes by minutes."""
    if config.minutes is not None:
        return None
    return config.steps or math.ceil((config.epochs or 1) * len(rows) / config.batch.rows)


def run_facts(
    config: SupervisedConfig, model: Transformer, total: int | None, device: torch.device, world: World = ALONE
) -> Mapping[str, Any]:
    """What ``run.json`` says."""
    size = counts.count(model.config)
    precision = pick_dtype(config.precision, device)
    return {
        "stage": config.stage,
        "name": config.name,
        "config": config.model_dump(mode="json"),
        "model": model.config.model_dump(mode="json"),
        "parameters": size.parameters,
        "active_parameters": size.active_parameters,
        "mtp_parameters": size.mtp_parameters,
        "flops_per_token": flops.training(model.config, config.batch.length),
        "updates": total,
        "precision": str(precision).removeprefix("torch."),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu.detect().name,
        "threads": torch.get_num_threads(),
        "ranks": world.size,
        "peak_flops": peak_flops(device, precision) * world.size,
        "versions": {"fathom": fathom.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }
