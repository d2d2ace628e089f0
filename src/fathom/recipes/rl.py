"""Reinforcement learning (GRPO) of a chat model on questions of your own, with a verifier or a reward of your own.

    fathom train rl --set start=smollm2 --set task=my_task.py:Capitals
    fathom train rl --set start=smollm2 --set task.name=math --set 'task.options={"collection": {"train": "qa.jsonl"}}'

The numbers are for a model that can chat and a machine with little memory: low-rank updates, 64 completions a step.
``--set lora=null`` trains all weights, at their own rate (`fathom.train.rl.config`). The guide:
``docs/guides/practice.md``.
"""

from __future__ import annotations

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.rl.config import EvaluationConfig, ReadinessConfig, RLConfig, SamplingConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import LoRAConfig

TASK = TaskConfig(name="math", options={"collection": {"train": "questions.jsonl"}})


def rl() -> RLConfig:
    return RLConfig(
        name="rl",
        start="smollm2",
        task=TASK,
        steps=100,
        sampling=SamplingConfig(prompts=8, group=8, max_tokens=256, sequences=64),
        micro_tokens=4096,
        lora=LoRAConfig(rank=16),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=None, weight_decay=0.0),
            schedule=ScheduleConfig(kind="linear", warmup=0.05, floor=0.1),
        ),
        evaluation=EvaluationConfig(every=20, problems=32, samples=4),
        gate=ReadinessConfig(problems=32, samples=4),
        checkpoint=CheckpointConfig(every=10, keep=1),
        save_dtype="bfloat16",
    )
