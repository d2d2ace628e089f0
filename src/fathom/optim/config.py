"""Configuration of optimizers and schedules: part of every run's configuration, frozen, validated, without torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from fathom.base.config import Part
from fathom.optim import schedule


class ScheduleConfig(Part):
    """The factor on every learning rate. ``warmup`` counts updates. ``decay`` is the last fraction of the run, for
    ``stable`` only; ``floor`` is where ``stable``, ``linear`` and ``cosine`` end.
    """

    kind: Literal["constant", "stable", "linear", "cosine", "deepseek_v3"] = "stable"
    warmup: int = Field(default=0, ge=0)
    decay: float = Field(default=0.3, ge=0, le=1)
    floor: float = Field(default=0.0, ge=0, le=1)

    def factor(self, step: int, total: int) -> float:
        """For update ``step`` (0-based) of ``total``. Progress counts from the end of warm-up."""
        start = schedule.warmup(step, self.warmup)
        progress = max(0, step - self.warmup) / max(1, total - self.warmup)
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

    ``embedding_lr`` None: as ``lr``. It also serves the head.
    """

    lr: PositiveFloat = 3e-4
    embedding_lr: PositiveFloat | None = None
    betas: tuple[float, float] = (0.9, 0.95)
    eps: PositiveFloat = 1e-8
    weight_decay: NonNegativeFloat = 0.1


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
