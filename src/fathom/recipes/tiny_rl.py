"""Reinforcement learning in seconds: the model of `tiny-pretrain` improves its sums by trying them.

    fathom train tiny-pretrain
    fathom train tiny-rl

Everything of the large recipe is at work: rollouts from the engine, a verifier, group advantages, on-policy updates.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, islice

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.tasks.task import Item, Split, Verdict
from fathom.text import r1
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.run.task import TaskConfig


class Sums:
    """``7+5=``: the sum, and nothing else."""

    name = "tiny-sums"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        draw = random.Random(f"{split}/{seed}")
        for number in islice(count(), limit):
            a, b = draw.randint(0, 9), draw.randint(0, 9)
            yield Item(f"{number}: {a}+{b}", f"{r1.BOS}{a}+{b}=", str(a + b))

    def verify(self, item: Item, completion: str) -> Verdict:
        right = completion == item.answer
        return Verdict(float(right), right, completion.isdigit(), "" if right else f"it is {item.answer}")

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.verify(item, completion.strip())


def tiny_rl() -> RLConfig:
    return RLConfig(
        name="tiny-rl",
        start="runs/tiny-pretrain/final",
        task=TaskConfig(name="tiny-rl:Sums"),
        steps=40,
        sampling=SamplingConfig(prompts=48, group=8, max_tokens=4),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=1e-3, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=2, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=10, problems=64, samples=4),
        gate=ReadinessConfig(problems=64, samples=4, pass_at_1=(0.2, 0.9)),
    )
