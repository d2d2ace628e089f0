"""The configuration of reinforcement learning with verifiable rewards. Defaults are the plain, strictly on-policy form:
advantages against the group's mean, token-level normalization, clip-higher, no KL term.
"""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from fathom.base.config import Part
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.tasks.rewards import RewardConfig
from fathom.train.rl.advantage import Estimator
from fathom.train.rl.loss import FORMS, PolicyLossConfig
from fathom.train.run.config import RunConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import LoRAConfig


class CompletionsConfig(Part):
    """``prompts`` a step, ``group`` completions of each, at most ``max_tokens`` long; ``sequences`` run at a time."""

    prompts: PositiveInt = 64
    group: PositiveInt = 8
    max_tokens: PositiveInt = 1024
    temperature: PositiveFloat = 1.0
    sequences: PositiveInt = 512


class SamplingConfig(CompletionsConfig):
    """``rounds`` bounds how often groups whose rewards are all equal are replaced by others (DAPO, section 3.2): 1
    never does. ``truncated`` completions earn nothing (``zero``), or are not learned from at all (``mask``).

    ``overlap`` 0 is strictly on-policy. With 1 a copy of the weights on ``device`` (None: that of the run) samples the
    next step's completions while the update runs: they are a step old when they are learned from.
    """

    rounds: PositiveInt = 1
    truncated: Literal["zero", "mask"] = "zero"
    overlap: Literal[0, 1] = 0
    device: str | None = None


class EvaluationConfig(Part):
    """On the validation split: ``samples`` of each of ``problems``, each ``every`` steps (0: never)."""

    every: NonNegativeInt = 0
    problems: PositiveInt = 128
    samples: PositiveInt = 4
    temperature: PositiveFloat = 1.0


class ReadinessConfig(Part):
    """What a base must be able to do before reinforcement learning starts: see `fathom.train.rl.readiness`.

    ``mode``: ``stop`` refuses to start on any finding, ``warn`` only where nothing could be learned.
    """

    mode: Literal["off", "warn", "stop"] = "warn"
    problems: PositiveInt = 128
    samples: PositiveInt = 8
    pass_at_1: tuple[float, float] = (0.25, 0.45)
    pass_at_k: float = 0.9


FULL_LR, LOW_RANK_LR = 1e-6, 2e-5
"""Peak rates of reinforcement learning where a configuration names none, of whole weights and of low-rank factors."""


class TrainerConfig(RunConfig):
    """Of every stage whose model is trained on its own completions. ``start`` is the checkpoint to train.
    ``micro_tokens`` bounds the tokens of one forward pass. With ``lora`` only low-rank updates learn: they are part of
    the weights that the engine samples with, and merged at the end. ``optim.adamw.lr`` None is `FULL_LR`, or with
    ``lora`` `LOW_RANK_LR`. ``save_dtype`` is that of ``final``; weights in training are float32.
    """

    precision: Literal["auto", "float32", "bfloat16"] = "float32"
    log_every: PositiveInt = 1
    start: str
    task: TaskConfig
    steps: PositiveInt
    sampling: CompletionsConfig = CompletionsConfig()
    micro_tokens: PositiveInt = 16_384
    optim: OptimConfig = OptimConfig(
        adamw=AdamWConfig(lr=1e-6, weight_decay=0.0), schedule=ScheduleConfig(kind="constant", warmup=5)
    )
    evaluation: EvaluationConfig = EvaluationConfig()
    lora: LoRAConfig | None = None
    save_dtype: Literal["float32", "bfloat16"] = "float32"

    @property
    def optimizers(self) -> OptimConfig:
        """``optim`` with the learning rate of the stage where it names none."""
        return self.optim.with_lr(FULL_LR if self.lora is None else LOW_RANK_LR)


class RLConfig(TrainerConfig):
    """A step samples, then takes ``updates`` updates over its completions: with 1 it is strictly on-policy.

    ``rewards``: see `fathom.tasks.rewards`. ``reference_every`` moves the KL term's reference
    to the policy each so many steps (None: it stays the start).
    """

    stage: Literal["rl"] = "rl"
    sampling: SamplingConfig = SamplingConfig()
    rewards: RewardConfig = RewardConfig()
    estimator: Estimator = "dr_grpo"
    loss: PolicyLossConfig = FORMS["dapo"]
    updates: PositiveInt = 1
    reference_every: PositiveInt | None = None
    gate: ReadinessConfig = ReadinessConfig()

    @model_validator(mode="after")
    def _groups_compare(self) -> RLConfig:
        if self.estimator != "batch" and self.sampling.group < 2:
            raise ValueError(f"{self.estimator} compares completions of one prompt: sampling.group must be at least 2")
        if self.updates > self.sampling.prompts:
            raise ValueError(f"{self.updates} updates cannot share {self.sampling.prompts} prompts")
        if self.sampling.overlap and self.lora is not None:
            raise ValueError("a copy of the weights samples ahead, and with lora there is none: set sampling.overlap=0")
        if self.sampling.overlap and self.sampling.temperature != 1:
            raise ValueError(
                "with sampling.overlap the ratio compares with the engine's log-probabilities, which are "
                "those of temperature 1: set sampling.temperature=1"
            )
        return self
