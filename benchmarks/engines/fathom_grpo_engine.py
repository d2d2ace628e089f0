"""Fathom's own trainer of reinforcement learning, as `fathom train` builds it."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from grpo_protocol import reward, serve

from fathom import __version__
from fathom.base.memory import keep_freed
from fathom.checkpoint.bundle import open_bundle
from fathom.evals.rollout import EngineSampler, PromptIds, Rollout
from fathom.evals.runner import Grader
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.tasks.task import Item, Split, Verdict
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.loss import PolicyLossConfig
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.run.task import TaskConfig


class Vowels:
    """The prompts of the job, over and over."""

    name = "vowels"

    def __init__(self, prompts: list[str]) -> None:
        self._prompts = prompts

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:  # noqa: ARG002
        return (Item(str(place), prompt, None) for place, prompt in enumerate(self._prompts))

    def verify(self, item: Item, completion: str) -> Verdict:  # noqa: ARG002
        return Verdict(reward(completion), False, True)

    verify_lenient = verify


class Forced(EngineSampler):
    """Completions of one length, none of which counts as truncated."""

    def sample(self, prompts: Sequence[PromptIds], count: int, **how: Any) -> list[list[Rollout]]:
        groups = super().sample(prompts, count, **how)
        return [[replace(one, finish_reason="stop") for one in group] for group in groups]


def do(job: dict[str, Any]) -> dict[str, Any]:
    keep_freed()
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    bundle = open_bundle(job["model"], dtype="float32")
    prompts = [tuple(bundle.tokenizer.encode(text)) for text in job["prompts"]]
    longest = max(map(len, prompts)) + job["tokens"]
    no_end = frozenset({bundle.config.vocab_size})  # no token has this number
    source = Forced(bundle.model, eos_ids=no_end, max_context=longest, sequences=len(prompts) * job["group"])
    config = RLConfig(
        name="benchmark",
        start=job["model"],
        task=TaskConfig(name="vowels"),
        steps=job["steps"],
        precision=job["precision"],
        estimator="grpo",
        loss=PolicyLossConfig(),
        sampling=SamplingConfig(prompts=len(prompts), group=job["group"], max_tokens=job["tokens"]),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=job["lr"], betas=(0.9, 0.999), weight_decay=0.0),
            schedule=ScheduleConfig(kind="constant"),
        ),
    )
    grader = Grader(Vowels(job["prompts"]), source, bundle.tokenizer)
    trainer = policy_trainer(bundle.model.requires_grad_(True), grader, config)
    answer: dict[str, Any] = {
        "version": f"fathom {__version__}, torch {torch.__version__}",
        "prompt_tokens": [list(prompt) for prompt in prompts],
        "steps": [],
        "generation": [],
        "gap": [],
        "norm": [],
    }
    for step in range(job["steps"]):
        began = time.perf_counter()
        line, groups = trainer.run_step()
        answer["steps"].append(time.perf_counter() - began)
        answer["generation"].append(line["sampling_seconds"])
        answer["gap"].append(line["engine_gap"])
        answer["norm"].append(line["gradient_norm"])
        lengths = {len(member.rollout.completion_ids) for group in groups for member in group.members}
        assert lengths == {job["tokens"]}, lengths
        if step == 0:
            first = [member.rollout for group in groups for member in group.members]
            answer["first"] = [[one.prompt_ids, one.completion_ids, one.logprobs] for one in first]
    return answer


serve(do)
