"""Rejection sampling: training data from a model's own correct completions.

The simplest use of a verifier, and the control that reinforcement learning has to beat at equal time: it too makes what
the base can already do more likely, but it learns nothing from wrong completions. R1 makes its supervised data so
(section 2.3.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fathom.base.errors import DataError
from fathom.checkpoint.bundle import open_bundle
from fathom.data.shards.store import Sample
from fathom.evals.grading import Group
from fathom.evals.runner import build_grader
from fathom.train.run.task import TaskConfig, load_task

ROUND = 128
"""Problems sampled at a time."""


def correct_completions(
    start: str, task: str, *, problems: int, samples: int, max_tokens: int, temperature: float = 1.0, seed: int = 0
) -> Iterator[Sample]:
    """Correct completions of training problems by the model in ``start``, each once; the question is not learned.

    Raises DataError where none is right.
    """
    grader = build_grader(open_bundle(start, dtype="float32"), load_task(TaskConfig(name=task)))
    seen: set[tuple[int, ...]] = set()
    items = grader.task.items("train", seed=seed)
    for number, first in enumerate(range(0, problems, ROUND)):
        batch = list(islice(items, min(ROUND, problems - first)))
        groups = grader.sample_and_grade(
            batch, samples, max_tokens=max_tokens, temperature=temperature, seed=seed * 10_007 + number
        )
        for sample in _correct_samples(groups):
            key = tuple(sample.ids)
            if key not in seen:
                seen.add(key)
                yield sample
    if not seen:
        raise DataError(f"none of {problems * samples} completions is right", "start from a better base")


def _correct_samples(groups: list[Group]) -> Iterator[Sample]:
    for group in groups:
        for member in group.members:
            rollout = member.rollout
            if member.verdict.correct and not rollout.truncated:
                flags = [False] * len(rollout.prompt_ids) + [True] * len(rollout.completion_ids)
                yield Sample((*rollout.prompt_ids, *rollout.completion_ids), flags)
