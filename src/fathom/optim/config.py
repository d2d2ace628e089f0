"""Configuration of optimizers and schedules: part of every run's configuration, frozen, validated, without torch."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, field_validator

from fathom.base.config import Part
from fathom.optim import schedule

LR = 3e-4
"""AdamW's peak learning rate where neither a configuration nor its stage names one."""


class ScheduleConfig(Part):
    """The factor on every learning rate. ``warmup`` is a share of the run (0.05), or a number of updates; of a
    short run it takes half (`shorten`). ``decay`` is the last fraction of the run, for ``stable`` only; ``floor`` is
    where ``stable``, ``linear`` and ``cosine`` end.
    """

    kind: Literal["constant", "stable", "linear", "cosine", "deepseek_v3"] = "stable"
    warmup: int | float = 0
    decay: float = Field(default=0.3, ge=0, le=1)
    floor: float = Field(default=0.0, ge=0, le=1)

    @field_validator("warmup")
    @classmethod
    def _share_or_number(cls, warmup: int | float) -> int | float:
        """2.0 is the number 2, as other programs write it."""
        whole = int(warmup) if float(warmup).is_integer() and warmup else warmup
        if whole < 0 or (isinstance(whole, float) and not whole < 1):
            raise ValueError("it is a share of the run, below 1, or a whole number of updates")
        return whole

    def warmup_updates(self, total: int) -> int:
        """Updates of the warm-up in a run of ``total``."""
        return math.ceil(self.warmup * total) if isinstance(self.warmup, float) else self.warmup

    def shorten(self, total: int) -> ScheduleConfig:
        """The schedule of a run of ``total`` updates, where a number of them takes at most half for the warm-up: a rate
        that never reaches its peak would learn next to nothing, and nothing would show it.
        """
        too_long = isinstance(self.warmup, int) and self.warmup > total // 2
        return self.model_copy(update={"warmup": total // 2}) if too_long else self

    def factor(self, step: int, total: int) -> float:
        """For update ``step`` (0-based) of ``total``. Progress counts from the end of warm-up."""
        warmup = self.warmup_updates(total)
        start = schedule.warmup(step, warmup)
        progress = max(0, step - warmup) / max(1, total - warmup)
        match self.kind:
            case "constant":
                return start
            case "stable":
                return start * schedule.stable_decay(progress, self.decay, self.floor)
            case "linear":
                return start * schedule.linear(progress, self.floor)
            case "cosine":
                return start * schedule.cosine(progress, self.floor)
            case "deepseek_v3":
                return start * schedule.deepseek_v3(progress)


class AdamWConfig(Part):
    """V3's betas and weight decay (section 4.2). Vectors (norms, biases) are never decayed.

    ``lr`` None: what suits the stage and what it trains. ``embedding_lr`` None: as ``lr``. It also serves the head.
    """

    lr: PositiveFloat | None = LR
    embedding_lr: PositiveFloat | None = None
    betas: tuple[float, float] = (0.9, 0.95)
    eps: PositiveFloat = 1e-8
    weight_decay: NonNegativeFloat = 0.1

    @property
    def peak_lr(self) -> float:
        """``lr``, or `LR` where there is none."""
        return LR if self.lr is None else self.lr


class MuonConfig(Part):
    """``lr`` is of AdamW's size, because updates are scaled to AdamW's (:mod:`fathom.optim.muon`)."""

    lr: PositiveFloat = 3e-4
    momentum: float = Field(default=0.95, ge=0, lt=1)
    nesterov: bool = True
    iterations: PositiveInt = 5
    weight_decay: NonNegativeFloat = 0.1
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"


class OptimConfig(Part):
    """``muon`` None: AdamW moves everything. Otherwise Muon moves the hidden matrices and AdamW the rest.

    ``clip`` bounds the norm of the whole gradient; None leaves it. ``ema`` averages the weights, None does not.
    """

    adamw: AdamWConfig = AdamWConfig()
    muon: MuonConfig | None = None
    schedule: ScheduleConfig = ScheduleConfig()
    clip: PositiveFloat | None = 1.0
    ema: float | None = Field(default=None, gt=0, lt=1)

    def with_lr(self, lr: float) -> OptimConfig:
        """The same, with ``lr`` for AdamW where it names none."""
        if self.adamw.lr is not None:
            return self
        return self.model_copy(update={"adamw": self.adamw.model_copy(update={"lr": lr})})
