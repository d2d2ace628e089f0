"""The larger of two digits, as a task for distillation."""

from __future__ import annotations

import pytest

from fathom.model.config import GQAConfig
from fathom.recipes.tiny_distill import TASK, TEACHER, Larger, model, pairs, tiny_distill
from fathom.recipes.tiny_sft import tiny_sft
from fathom.text import markers


def test_the_student_is_of_another_architecture_than_its_teacher() -> None:
    assert isinstance(model().attention, GQAConfig)
    assert f"runs/{tiny_sft().name}/final" == TEACHER.path
    assert tiny_distill().data.task == TASK


def test_the_splits_are_disjoint_and_whole() -> None:
    splits = [set(pairs(split)) for split in ("train", "validation", "test")]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 90
    assert all(splits)


@pytest.mark.parametrize(
    ("completion", "reward"),
    [(f"3 < 7{markers.THINK_CLOSE}7", 1), (f" {markers.THINK_CLOSE}7", 0), ("7", 0), (f"so{markers.THINK_CLOSE}3", 0)],
)
def test_a_right_answer_needs_a_thought(completion: str, reward: float) -> None:
    item = next(item for item in Larger().items("train") if item.answer == "7")
    assert Larger().verify(item, completion).reward == reward
