"""Pretraining: every token of every document is a target (DeepSeek-V3, section 4)."""

from __future__ import annotations

from pathlib import Path

from fathom.base.distributed import ALONE, World
from fathom.train.run.display import Display
from fathom.train.supervised.config import PretrainConfig
from fathom.train.supervised.dataset import dataset, held_out
from fathom.train.supervised.run import load_trainee, prepare, train


def pretrain(config: PretrainConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``, or go on there; False where it was stopped before its end."""
    pupil = load_trainee(config, prepare(config, world))
    rows = dataset(config, config.data, pupil.tokenizer, pupil.template, display.say)
    held = held_out(config, pupil.tokenizer, pupil.template, display.say)
    return train(config, pupil, rows, out, display, validation=held, world=world)
