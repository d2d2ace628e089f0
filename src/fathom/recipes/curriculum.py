"""Beyond the base: can reinforcement learning teach what 64 attempts of the base do not contain?

The pipeline is sized for about three hours.

`fathom train curriculum:pipeline` runs the stages in order. The problems are those of `countdown.levels`: Countdown
with three and four numbers, chained arithmetic, and tasks of reasoning-gym, which has to be installed. The question,
and how its answer is distinguished from chance: `fathom.train.evaluation.beyond`.
"""

from __future__ import annotations

from collections.abc import Sequence

from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.recipes.countdown import scaled
from fathom.recipes.countdown.corpus import curriculum_corpus as corpus  # noqa: F401 - named by `data.function`
from fathom.recipes.countdown.levels import LEVELS, levels
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.train.evaluation.beyond import BeyondConfig
from fathom.train.evaluation.measure import MeasureConfig, Setting
from fathom.train.pipeline import Pipeline
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.rl.curriculum import Curriculum
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, LossConfig, PretrainConfig

MAX_TOKENS = 320
"""Of a completion: some twenty lines of a search, so that with four numbers the first step matters."""

BASE, ZERO = "runs/curriculum/base/final", "runs/curriculum/zero/final"


def problems(names: Sequence[str] = tuple(LEVELS), threshold: float = 0.5, window: int = 48) -> Curriculum:
    """The levels of these names as one task."""
    return Curriculum(
        levels(names), name="zero-curriculum", threshold=threshold, window=window, floor=0.04, trickle=0.02
    )


TASK = TaskConfig(name="curriculum:problems")


def model() -> ModelConfig:
    """DeepSeek-V3's architecture with about two million active parameters."""
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=SIZE,
        hidden_size=192,
        intermediate_size=512,
        num_layers=5,
        attention=MLAConfig(
            num_heads=4, q_lora_rank=128, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=32
        ),
        moe=MoEConfig(
            num_experts=8,
            experts_per_token=2,
            num_shared_experts=1,
            intermediate_size=160,
            scoring="sigmoid",
            selection="noaux_tc",
            normalize=True,
            routed_scaling_factor=1.0,
            first_dense_layers=1,
        ),
        rope=RopeConfig(theta=10_000, interleaved=True),
        max_position=512,
        num_mtp_layers=1,
        init_std=0.02,
    )


def base() -> PretrainConfig:
    """The first stage: pretraining on much of the easy levels, little of the hard ones, nothing of some."""
    return PretrainConfig(
        name="curriculum",
        model=model(),
        tokenizer="speedrun:tokenizer",
        data=GeneratedData(function="curriculum:corpus", options={"documents": 120_000}),
        steps=3600,
        packing="best_fit",
        batch=BatchConfig(rows=8, length=320),
        optim=OptimConfig(
            muon=MuonConfig(lr=3e-3, weight_decay=0.0),
            adamw=AdamWConfig(lr=3e-3, weight_decay=0.0),
            schedule=ScheduleConfig(kind="linear", warmup=20),
        ),
        loss=LossConfig(mtp=((0.0, 0.3), (0.7, 0.1)), bias_speed=((0.0, 1e-2), (0.8, 0.0))),
        checkpoint=CheckpointConfig(every=200),
    )


def curriculum() -> PretrainConfig:
    """The same as `base`: what the recipe's own name runs."""
    return base()


def zero(start: str = BASE) -> RLConfig:
    """Reinforcement learning through the levels, each opened by passing the one before."""
    return RLConfig(
        name="curriculum-zero",
        start=start,
        task=TASK,
        steps=150,
        sampling=SamplingConfig(prompts=64, group=8, max_tokens=MAX_TOKENS),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=2e-4, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=5, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=25, problems=216, samples=4),
        gate=ReadinessConfig(problems=216, samples=4, pass_at_1=(0.1, 0.6), pass_at_k=0.3),
        checkpoint=CheckpointConfig(every=10),
    )


def measure(start: str = ZERO) -> MeasureConfig:
    """Held-out problems of every level, sampled and greedy."""
    return MeasureConfig(
        name="curriculum-measure",
        start=start,
        task=TASK,
        problems=450,
        max_tokens=MAX_TOKENS,
        settings=(Setting(temperature=1.0, samples=8), Setting(temperature=0.0, samples=1)),
    )


def beyond(start: str = ZERO, base: str = BASE) -> BeyondConfig:
    """Held-out problems that the base does not solve in 64 samples: how many are solved now?"""
    return BeyondConfig(
        name="curriculum-beyond", start=start, base=base, task=TASK, problems=450, samples=64, max_tokens=MAX_TOKENS
    )


def pipeline() -> Pipeline:
    """All stages."""
    hint = "talk to it: fathom chat --model {out}/zero/final        and type: 25 from 3 5 9 14"
    return scaled.pipeline("curriculum", base(), zero, measure, beyond, hint)
