"""Distillation in seconds: a smaller model is trained on what that of `tiny-sft` writes, then on-policy.

    fathom train tiny-sft --out runs/tiny-sft
    fathom train tiny-distill --out runs/tiny-distill
    fathom train tiny-distill:on_policy --out runs/tiny-on-policy

The student is of another architecture: dense, with grouped attention. First it is trained on the teacher's correct
answers, as text; then it samples itself, and the teacher scores its tokens. Both stages exercise everything that the
large recipe does. The task has 90 problems, so this is a toy.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice, permutations

from fathom.model.config import GQAConfig, ModelConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.tasks.splits import split_of
from fathom.tasks.task import Item, Split, Verdict
from fathom.text import markers
from fathom.train.distill.config import DistillConfig, LocalConfig, OnPolicyConfig, TraceData
from fathom.train.rl.config import CompletionsConfig, EvaluationConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig
from fathom.types import Message

TEACHER = LocalConfig(path="runs/tiny-sft/final")
TASK = TaskConfig(name="tiny-distill:Larger")


class Larger:
    """``3 or 7?``: the larger one, after some thinking."""

    name = "tiny-larger"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        items = [Item(f"{a} or {b}?", (Message("user", f"{a} or {b}?"),), str(max(a, b))) for a, b in pairs(split)]
        random.Random(seed).shuffle(items)
        yield from islice(items, limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        thoughts, closed, answer = completion.partition(markers.THINK_CLOSE)
        formed = bool(closed and thoughts.strip())
        right = formed and answer.strip() == item.answer
        return Verdict(float(right), right, formed, "" if right else f"it is {item.answer}")

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.verify(item, completion)


def pairs(split: Split) -> list[tuple[int, int]]:
    """Pairs of different digits; a tenth of them each is held out."""
    return [(a, b) for a, b in permutations(range(10), 2) if split_of(f"{a} {b}", validation=0.1, test=0.1) == split]


def model() -> ModelConfig:
    return ModelConfig(
        family="llama",
        vocab_size=320,
        hidden_size=48,
        intermediate_size=96,
        num_layers=2,
        attention=GQAConfig(num_heads=3, num_kv_heads=1, head_dim=16),
        max_position=64,
    )


def tiny_distill() -> DistillConfig:
    """Training on the teacher's correct answers."""
    return DistillConfig(
        name="tiny-distill",
        model=model(),
        tokenizer="bytes",
        data=TraceData(teacher=TEACHER, task=TASK, problems=60, samples=2, max_tokens=24, temperature=1.0),
        steps=40,
        batch=BatchConfig(rows=8, length=64),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=0.01), muon=MuonConfig(lr=0.02), schedule=ScheduleConfig(kind="linear", warmup=5)
        ),
        checkpoint=CheckpointConfig(every=20),
    )


def on_policy(start: str = "runs/tiny-distill/final") -> OnPolicyConfig:
    """Training on the student's own answers, scored token by token."""
    return OnPolicyConfig(
        name="tiny-on-policy",
        start=start,
        teacher=TEACHER,
        task=TASK,
        steps=40,
        sampling=CompletionsConfig(prompts=16, group=4, max_tokens=24),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=1e-3, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=2, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=10, problems=9, samples=4),
        checkpoint=CheckpointConfig(every=20),
    )
