"""Supervised fine-tuning: the model learns what an assistant writes, thoughts included, and reads the rest.

Samples share rows without seeing each other. With ``lora`` only low-rank updates learn, and checkpoints hold nothing
else. In the end they are merged into the weights, so that what lies in ``final`` is an ordinary model; ``adapter``
holds them apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.data.packing import PackedDataset
from fathom.model.transformer import Transformer
from fathom.text.template import ChatTemplate
from fathom.train.run.display import Display
from fathom.train.run.trainee import Trainee
from fathom.train.supervised.adapter import save_adapter
from fathom.train.supervised.config import SFTConfig, TuningConfig
from fathom.train.supervised.dataset import dataset, held_out
from fathom.train.supervised.lora import adapt, merge
from fathom.train.supervised.run import load_trainee, prepare, train


def sft(config: SFTConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or go on there; False where it was stopped before its end."""
    pupil = load_trainable(config, world)
    rows = dataset(config, config.data, pupil.tokenizer, pupil.template, display.say)
    return tune(config, pupil, rows, out, display, world=world)


def load_trainable(config: TuningConfig, world: World = ALONE) -> Trainee:
    """The model that is to learn to converse, and the template it learns to converse by."""
    pupil = load_trainee(config, prepare(config, world))
    if config.template is not None:
        pupil.template = _template(config.template, pupil.template)
    return pupil


def tune(
    config: TuningConfig,
    pupil: Trainee,
    rows: PackedDataset,
    out: Path,
    display: Display,
    *,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    world: World = ALONE,
) -> bool:
    """Teach ``pupil`` what is learned in ``rows``, in full or by low-rank updates. ``before``: see `train`."""
    held = held_out(config, pupil.tokenizer, pupil.template, display.say)
    if config.lora is None:
        return train(config, pupil, rows, out, display, validation=held, before=before, world=world)
    lora = config.lora
    adapt(pupil.model, lora)

    def finish(model: Transformer) -> None:
        if world.is_main:
            save_adapter(out, model, lora, config.start)
        merge(model)

    return train(config, pupil, rows, out, display, validation=held, finish=finish, before=before, world=world)


def _template(path: str, shipped: ChatTemplate | None) -> ChatTemplate:
    try:
        source = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "correct template") from error
    return ChatTemplate(source, bos=shipped.bos if shipped else "", eos=shipped.eos if shipped else "")
