"""What a run on sampled completions will do, in sentences, before it does it."""

from __future__ import annotations

from itertools import islice

from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.trainer import Trainer

LOOKED_AT = 512
"""Training problems that are looked at before a run; of procedural tasks there is no end."""


def describe_run(config: TrainerConfig) -> str:
    """Steps, completions of each, and the peak of the learning rate."""
    sampling, optim = config.sampling, config.optimizers
    warmup = optim.schedule.shorten(config.steps).warmup_updates(config.steps)
    after = f" after {warmup} steps of warm-up" if warmup > 1 else ""
    return (
        f"{config.steps} steps of {sampling.prompts} problems × {sampling.group} completions of at most "
        f"{sampling.max_tokens} tokens; peak learning rate {optim.adamw.peak_lr:g}{after}"
    )


def describe_problems(trainer: Trainer) -> str | None:
    """What is to be known of the training problems: fewer than a step takes, or some that the context cannot hold,
    which are left out. None where there is nothing.
    """
    sampling, grader = trainer.config.sampling, trainer.grader
    items = list(islice(grader.task.items("train", seed=trainer.config.seed), LOOKED_AT))
    fitting = sum(grader.fits(item, sampling.max_tokens) for item in items)
    notes = []
    if fitting < len(items):
        first = "the first " if len(items) == LOOKED_AT else ""
        notes.append(
            f"{len(items) - fitting} of {first}{len(items)} training problems are left out: with completions of "
            f"{sampling.max_tokens} tokens they exceed the context of {grader.sampler.max_context}"
        )
    if fitting < sampling.prompts and len(items) < LOOKED_AT:
        notes.append(
            f"{grader.task.name} has {fitting} training problems, so a step takes {fitting}, not all "
            f"{sampling.prompts} of sampling.prompts"
        )
    return "; ".join(notes) or None
