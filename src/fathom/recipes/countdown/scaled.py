"""The curriculum at any depth: the same corpus, with every number that depends on size taken from the dial.

The stages stay: traces of solvers that fail in many ways, then rewards alone, level by level, then problems that the
base does not solve in 64 attempts. The model grows, and with it the groups: a larger model is right more often, and
only larger groups still hold wrong answers to compare with.
"""

from __future__ import annotations

from collections.abc import Callable

from fathom.model import counts
from fathom.model.config import ModelConfig
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.train.evaluation.beyond import BeyondConfig
from fathom.train.evaluation.measure import MeasureConfig, Setting
from fathom.train.pipeline import Pipeline, Stage, output
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, LossConfig, PretrainConfig
from fathom.train.supervised.dial import Dial, dial

TASK = TaskConfig(name="curriculum:problems")
LENGTH = 512
MAX_TOKENS = 448
"""Of a completion: a row without the longest question."""
MEAN_TRACE = 60
"""Tokens of an attempt, rather fewer than there are: so that the corpus is read about once."""


def scale(depth: int, tokens_a_parameter: float) -> Dial:
    """The dial's numbers, for fewer tokens a parameter than text needs: traces hold far less to learn."""
    return dial(depth, SIZE, LENGTH, tokens_a_parameter)


def base(name: str, depth: int, *, tokens_a_parameter: float, rows_of: int = 1) -> PretrainConfig:
    """Pretraining on the corpus; the rows of a batch are a multiple of ``rows_of``, to be shared among ranks."""
    chosen = scale(depth, tokens_a_parameter)
    rows = rows_of * max(1, round(chosen.batch.rows / rows_of))
    return PretrainConfig(
        name=name,
        model=chosen.model,
        tokenizer="speedrun:tokenizer",
        precision="bfloat16",
        data=GeneratedData(function="curriculum:corpus", options={"documents": chosen.tokens // MEAN_TRACE}),
        steps=max(1, round(chosen.tokens / (rows * LENGTH))),
        packing="best_fit",
        batch=BatchConfig(rows=rows, length=LENGTH, micro_rows=chosen.batch.micro_rows),
        optim=chosen.optim,
        loss=LossConfig(bias_speed=((0.0, 1e-3), (0.8, 0.0))),
        checkpoint=CheckpointConfig(every=200),
        save_dtype="bfloat16",
    )


def zero(name: str, start: str, *, steps: int, prompts: int, group: int, rate: float, sequences: int) -> RLConfig:
    """Reinforcement learning through the levels."""
    return RLConfig(
        name=f"{name}-zero",
        start=start,
        task=TASK,
        precision="bfloat16",
        steps=steps,
        sampling=SamplingConfig(prompts=prompts, group=group, max_tokens=MAX_TOKENS, sequences=sequences, rounds=2),
        micro_tokens=8192,
        optim=OptimConfig(
            adamw=AdamWConfig(lr=rate, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=10, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=25, problems=432, samples=4),
        gate=ReadinessConfig(problems=432, samples=8, pass_at_1=(0.1, 0.6), pass_at_k=0.3),
        checkpoint=CheckpointConfig(every=20),
    )


def measure(name: str, start: str) -> MeasureConfig:
    """Held-out problems of every level, sampled and greedy."""
    return MeasureConfig(
        name=f"{name}-measure",
        start=start,
        task=TASK,
        problems=900,
        max_tokens=MAX_TOKENS,
        settings=(Setting(temperature=1.0, samples=16), Setting(temperature=0.0, samples=1)),
    )


def beyond(name: str, start: str, origin: str) -> BeyondConfig:
    """Held-out problems that the base ``origin`` does not solve in 64 samples."""
    return BeyondConfig(
        name=f"{name}-beyond", start=start, base=origin, task=TASK, problems=900, samples=64, max_tokens=MAX_TOKENS
    )


def pipeline(
    name: str,
    base: PretrainConfig,
    zero: Callable[[str], RLConfig],
    measure: Callable[[str], MeasureConfig],
    beyond: Callable[[str, str], BeyondConfig],
    hint: str = "",
) -> Pipeline:
    """Base, reinforcement learning through the levels, the measurement of both, and what the base could not do. The
    functions take the checkpoints that a stage starts from.
    """
    first, last = output("base"), output("zero")
    stages = (
        Stage("base", base),
        Stage("zero", zero(first)),
        Stage("test-base", measure(first)),
        Stage("test-zero", measure(last)),
        Stage("beyond", beyond(last, first)),
    )
    return Pipeline(name, stages, hint=hint)


def training_bytes(model: ModelConfig, optim: OptimConfig, micro_tokens: int) -> int:
    """About what an update holds on a device: float32 weights, gradients and moments, and the activations of
    ``micro_tokens`` tokens in bfloat16, of which a layer keeps some forty times its width and the head its logits and
    their gradient. An estimate for choosing a device, not a measurement.
    """
    size = counts.count(model)
    parameters = size.parameters + size.mtp_parameters
    moments = 1 if optim.muon is not None else 2  # the few vectors that AdamW keeps are small
    layers = model.num_layers + model.num_mtp_layers
    activations = micro_tokens * (layers * 40 * model.hidden_size * 2 + 3 * 4 * model.vocab_size)
    return parameters * 4 * (2 + moments) + activations
