"""Distilling a reasoning model into one of your own: its correct answers to problems that a program can check.

    export DEEPSEEK_API_KEY=…
    fathom train distill --set start=runs/sft/final --out runs/distill

``data/problems.jsonl`` holds problems with their answers, ``{"problem": …, "answer": …}`` a line. Any endpoint that
speaks OpenAI's protocol will do (`data.teacher.base_url`, `.model`, `.key_variable`), as will a model on this machine:
`distill:local`.

After R1 (sections 2.3.3 and 2.4): several answers to each problem, training on the correct and readable ones for two
epochs at a falling rate. Then, where teacher and student share a vocabulary, `distill:on_policy` samples from the
student and lets the teacher score every token.
"""

from __future__ import annotations

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.distill.config import (
    DistillConfig,
    EndpointConfig,
    FilterConfig,
    LocalConfig,
    OnPolicyConfig,
    TeacherConfig,
    TraceData,
)
from fathom.train.rl.config import CompletionsConfig, EvaluationConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.run.task import TaskConfig
from fathom.train.supervised.config import BatchConfig

TASK = TaskConfig(
    name="math",
    options={
        "collection": {"train": "data/problems.jsonl"},
        "answer_format": {"form": "boxed", "opened": True},  # the student's template opens its thinking, as R1's does
    },
)


def distill(start: str = "runs/sft/final") -> DistillConfig:
    """Traces of DeepSeek's reasoning model."""
    teacher = EndpointConfig(
        base_url="https://api.deepseek.com/v1", model="deepseek-reasoner", key_variable="DEEPSEEK_API_KEY"
    )
    return _traces("distill", start, teacher)


def local(start: str = "runs/sft/final") -> DistillConfig:
    """Traces of a model on this machine."""
    return _traces("distill-local", start, LocalConfig(path="deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"))


def on_policy(start: str = "runs/distill/final") -> OnPolicyConfig:
    """The teacher scores what the student writes; set ``teacher.path`` to a model of the student's vocabulary."""
    return OnPolicyConfig(
        name="distill-on-policy",
        start=start,
        teacher=LocalConfig(path="deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", dtype="bfloat16"),
        task=TASK,
        steps=200,
        sampling=CompletionsConfig(prompts=64, group=1, max_tokens=2048),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=1e-5, weight_decay=0.0), schedule=ScheduleConfig(kind="linear", warmup=10, floor=0.1)
        ),
        evaluation=EvaluationConfig(every=25, problems=128, samples=2),
        checkpoint=CheckpointConfig(every=25),
    )


def _traces(name: str, start: str, teacher: TeacherConfig) -> DistillConfig:
    return DistillConfig(
        name=name,
        start=start,
        data=TraceData(
            teacher=teacher,
            task=TASK,
            problems=2000,
            samples=4,
            max_tokens=8192,
            filter=FilterConfig(language="en", code_blocks=False, thinking=True, per_problem=2),
        ),
        epochs=2,
        batch=BatchConfig(rows=16, length=2048, micro_rows=2, min_updates=100),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=None, weight_decay=0.0),
            schedule=ScheduleConfig(kind="cosine", warmup=0.05, floor=0.1),
        ),
        save_dtype="bfloat16",
    )
