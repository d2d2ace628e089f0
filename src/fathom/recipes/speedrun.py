"""R1-Zero on a laptop, stage by stage: a base model, the same base after reinforcement learning alone, and controls.

`fathom train speedrun:pipeline` runs them in order, `fathom train speedrun:controls` the controls. The base model is
pretrained on imperfect solutions of Countdown (`countdown.corpus`, `countdown.search`); reinforcement learning has
problems of the same kind and a verifier.
"""

from __future__ import annotations

from collections.abc import Iterator

from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.recipes.countdown import vocabulary
from fathom.recipes.countdown.corpus import speedrun_corpus as corpus  # noqa: F401 - named by `data.function`
from fathom.recipes.countdown.corpus import speedrun_problems
from fathom.tasks.task import Task
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.train.evaluation.measure import MeasureConfig, Setting
from fathom.train.pipeline import Pipeline, Stage, for_seeds, output
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.rl.rejection import correct_completions  # noqa: F401 - named by `data.function`
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, LossConfig, PretrainConfig

TASK = TaskConfig(name="speedrun:problems")
DECAY = 0.2
"""Of the base's weights. Without it sums of numbers that the corpus never shows together are wrong more often."""
MINUTES = 5.0
"""Of a control that is run by itself; in `controls` it has the time that reinforcement learning took."""
TRAIN_MAX_TOKENS = 160
"""Of a completion in training: every line of a search takes 126, and one that repeats many is truncated."""
EVAL_MAX_TOKENS = 224
"""Of a completion in a measurement, and about what the context leaves in a conversation."""

ONE_ATTEMPT = tuple(Setting(temperature=t, samples=n) for t, n in ((1.0, 16), (0.6, 8), (0.0, 1)))
"""Of the controls: one attempt is compared, not 64."""


def model() -> ModelConfig:
    """DeepSeek-V3's architecture with about a million active parameters."""
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=vocabulary.SIZE,
        hidden_size=128,
        intermediate_size=384,
        num_layers=4,
        attention=MLAConfig(
            num_heads=4, q_lora_rank=96, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=32
        ),
        moe=MoEConfig(
            num_experts=8,
            experts_per_token=2,
            num_shared_experts=1,
            intermediate_size=128,
            scoring="sigmoid",
            selection="noaux_tc",
            normalize=True,
            routed_scaling_factor=1.0,
            first_dense_layers=1,
        ),
        rope=RopeConfig(theta=10_000, interleaved=True),
        max_position=256,
        num_mtp_layers=1,
        init_std=0.02,
    )


def tokenizer() -> tuple[Tokenizer, ChatTemplate]:
    """What the configurations' ``tokenizer`` names: every number up to 99 is a token."""
    return vocabulary.tokenizer(), vocabulary.template()


def problems() -> Task:
    """What `task.name` of the configurations names."""
    return speedrun_problems()


def speedrun() -> PretrainConfig:
    """The first stage, the base: pretraining on traces of solvers that guess, err and give up."""
    return PretrainConfig(
        name="speedrun",
        model=model(),
        tokenizer="speedrun:tokenizer",
        data=GeneratedData(function="speedrun:corpus", options={"documents": 140_000}),
        steps=2700,
        packing="best_fit",
        batch=BatchConfig(rows=12, length=160),
        optim=OptimConfig(
            muon=MuonConfig(lr=3e-3, weight_decay=DECAY),
            adamw=AdamWConfig(lr=3e-3, weight_decay=DECAY),
            schedule=ScheduleConfig(kind="linear", warmup=20),
        ),
        loss=LossConfig(mtp=((0.0, 0.3), (0.7, 0.1)), bias_speed=((0.0, 1e-2), (0.8, 0.0))),
        checkpoint=CheckpointConfig(every=200),
    )


def zero(start: str = "runs/speedrun/base/final") -> RLConfig:
    """Reinforcement learning alone, from the base."""
    return RLConfig(
        name="speedrun-zero",
        start=start,
        task=TASK,
        steps=200,
        sampling=SamplingConfig(prompts=64, group=8, max_tokens=TRAIN_MAX_TOKENS),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=1.5e-4, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=3, floor=0.1)
        ),
        gate=ReadinessConfig(problems=512),  # all there are: of 128, pass@8 is off by two or three points either way
        evaluation=EvaluationConfig(every=50, problems=128, samples=4),
        checkpoint=CheckpointConfig(every=10),
    )


def continued_pretraining(start: str = "runs/speedrun/base/final") -> PretrainConfig:
    """Control: continued pretraining on other traces, same wall-clock time as reinforcement learning."""
    return speedrun().model_copy(
        update={
            "name": "speedrun-continued",
            "description": "control: continued pretraining, same wall-clock",
            "model": None,
            "tokenizer": None,
            "start": start,
            "data": GeneratedData(function="speedrun:corpus", options={"documents": 60_000, "seed": 1}),
            "steps": None,
            "minutes": MINUTES,
            "optim": _gentle(),
        }
    )


def rejection(start: str = "runs/speedrun/base/final", prompts: int = 12_000) -> PretrainConfig:
    """Control: rejection sampling, once. The base is trained on its own correct completions."""
    options = {"start": start, "task": TASK.name, "problems": prompts, "samples": 8, "max_tokens": TRAIN_MAX_TOKENS}
    return continued_pretraining(start).model_copy(
        update={
            "name": "speedrun-rejection",
            "description": "control: rejection sampling, once",
            "data": GeneratedData(function="speedrun:correct_completions", options=options),
        }
    )


def rejection_round(start: str = "runs/speedrun/base/final") -> PretrainConfig:
    """Control: rejection sampling, one of three rounds; the next samples from the result of this one. It has as many
    problems as leave two thirds of the time for training on them.
    """
    return rejection(start, prompts=3000).model_copy(
        update={
            "name": "speedrun-iterated",
            "description": "control: rejection sampling, three rounds",
            "minutes": MINUTES / 3,
        }
    )


def _gentle() -> OptimConfig:
    """For a model that is pretrained already."""
    return OptimConfig(
        muon=MuonConfig(lr=1e-3, weight_decay=0.0),
        adamw=AdamWConfig(lr=1e-3, weight_decay=0.0),
        schedule=ScheduleConfig(kind="linear", warmup=5),
    )


def measure(start: str = "runs/speedrun/zero/final") -> MeasureConfig:
    """Held-out problems: sampled at two temperatures, greedy, and pass@64."""
    return MeasureConfig(
        name="speedrun-measure",
        start=start,
        task=TASK,
        max_tokens=EVAL_MAX_TOKENS,
        settings=(
            Setting(temperature=1.0, samples=64),
            Setting(temperature=0.6, samples=8),
            Setting(temperature=0.0, samples=1),
        ),
    )


def pipeline() -> Pipeline:
    """Base, reinforcement learning, and the measurement of both."""
    return Pipeline(
        "speedrun",
        (
            Stage("base", speedrun()),
            Stage("zero", zero(output("base"))),
            Stage("test-base", measure(output("base"))),
            Stage("test-zero", measure(output("zero"))),
        ),
        hint="talk to it: fathom chat --model {out}/zero/final        and type: 24 from 3 5 9",
    )


def controls() -> Pipeline:
    """Reinforcement learning against simpler methods: four seeds over two bases, each control with the wall-clock time
    of reinforcement learning. Every stage has one thread, and two run at a time on one machine.
    """
    return Pipeline("controls", for_seeds(range(4), _controls_of, "threads=1"), jobs=2)


def _controls_of(seed: int) -> Iterator[Stage]:
    """Even seeds share the base of seed 0, odd ones that of seed 1."""
    base, data = output(f"seed-{seed % 2}/base"), "data.options.seed={}"
    if seed < 2:
        yield Stage("base", speedrun(), (data.format(100 + seed),))
    yield Stage("zero", zero(base))
    yield Stage("continued", continued_pretraining(base), (data.format(200 + seed),), minutes_of="zero")
    yield Stage("rejection", rejection(base), (data.format(seed),), minutes_of="zero")
    start = base
    for number, name in enumerate(("round-1", "round-2", "iterated"), 1):
        yield Stage(name, rejection_round(start), (data.format(10 * seed + number),), minutes_of="zero", parts=3)
        start = output(name)
    if seed < 2:
        yield Stage("test-base", measure(base))
    yield Stage("test-zero", measure(output("zero")))
    for name in ("continued", "rejection", "iterated"):
        yield Stage(f"test-{name}", measure(output(name)).model_copy(update={"settings": ONE_ATTEMPT}))
