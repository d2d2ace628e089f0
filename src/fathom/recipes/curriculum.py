"""Beyond the base: can reinforcement learning teach what 64 attempts of the base do not contain? Meant for three hours.

`fathom train curriculum:pipeline` runs the stages in order.

The problems are those of `countdown.lessons`: Countdown with
three and four numbers, chained arithmetic, and tasks of reasoning-gym, which therefore has to be installed. What is
asked, and how it is told from luck: `fathom.train.evaluation.beyond`.
"""

from __future__ import annotations

from collections.abc import Sequence

from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.recipes.countdown.lessons import LESSONS, lessons, levels  # noqa: F401 - what `data.function` names
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.train.evaluation.beyond import BeyondConfig
from fathom.train.evaluation.measure import MeasureConfig, Setting
from fathom.train.pipeline import Pipeline, Stage, output
from fathom.train.rl.config import EvaluationConfig, GateConfig, RLConfig, SamplingConfig, TaskConfig
from fathom.train.rl.curriculum import Curriculum
from fathom.train.run.config import CheckpointConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, LossConfig, PretrainConfig

LONGEST = 320
"""Tokens of an answer: some twenty lines of a search, so that with four numbers it matters where one begins."""

BASE, ZERO = "runs/curriculum/base/final", "runs/curriculum/zero/final"


def world(names: Sequence[str] = tuple(LESSONS), threshold: float = 0.5, window: int = 48) -> Curriculum:
    """The levels of these names as one task."""
    return Curriculum(
        levels(names), name="zero-curriculum", threshold=threshold, window=window, floor=0.04, trickle=0.02
    )


TASK = TaskConfig(name="curriculum:world")


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
    """The first stage: much of the easy levels, little of the hard ones, of some nothing."""
    return PretrainConfig(
        name="curriculum",
        model=model(),
        tokenizer="speedrun:tokenizer",
        data=GeneratedData(function="curriculum:lessons", options={"documents": 120_000}),
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
    """Reinforcement learning through the levels, each opened by what was passed."""
    return RLConfig(
        name="curriculum-zero",
        start=start,
        task=TASK,
        steps=150,
        sampling=SamplingConfig(prompts=64, group=8, max_tokens=LONGEST),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=2e-4, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=5, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=25, problems=216, samples=4),
        gate=GateConfig(problems=216, samples=4, pass_at_1=(0.1, 0.6), pass_at_k=0.3),
        checkpoint=CheckpointConfig(every=10),
    )


def measure(start: str = ZERO) -> MeasureConfig:
    """Held-out problems of every level, sampled and greedy."""
    return MeasureConfig(
        name="curriculum-measure",
        start=start,
        task=TASK,
        problems=450,
        max_tokens=LONGEST,
        settings=(Setting(temperature=1.0, samples=8), Setting(temperature=0.0, samples=1)),
    )


def beyond(start: str = ZERO, base: str = BASE) -> BeyondConfig:
    """Held-out problems that the base does not solve in 64 samples: who solves them now?"""
    return BeyondConfig(
        name="curriculum-beyond", start=start, base=base, task=TASK, problems=450, samples=64, max_tokens=LONGEST
    )


def pipeline() -> Pipeline:
    """Base, reinforcement learning through the levels, the measurement of both, and what the base could not do."""
    start = output("base")
    return Pipeline(
        "curriculum",
        (
            Stage("base", base()),
            Stage("zero", zero(start)),
            Stage("test-base", measure(start)),
            Stage("test-zero", measure(output("zero"))),
            Stage("beyond", beyond(output("zero"), start)),
        ),
        hint="talk to it: fathom chat --model {out}/zero/final        and type: 25 from 3 5 9 14",
    )
