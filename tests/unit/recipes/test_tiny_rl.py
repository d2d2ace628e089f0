"""Sums as a task for reinforcement learning."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from fathom.recipes.tiny_pretrain import tiny_pretrain
from fathom.recipes.tiny_rl import Sums, tiny_rl
from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.recipe import recipe
from fathom.train.stages import run


def test_it_starts_where_tiny_pretrain_exports() -> None:
    assert tiny_rl().start == f"runs/{tiny_pretrain().name}/final"


@pytest.mark.parametrize(("completion", "reward", "formed"), [("{}", 1, True), ("99", 0, True), ("x", 0, False)])
def test_the_reward_is_the_sum(completion: str, reward: float, formed: bool) -> None:
    item = next(Sums().items("train"))
    verdict = Sums().verify(item, completion.format(item.answer))
    assert (verdict.reward, verdict.well_formed) == (reward, formed)


def test_surrounding_space_is_wrong_but_leniently_right() -> None:
    item = next(Sums().items("test", seed=3))
    assert not Sums().verify(item, f" {item.answer}").correct
    assert Sums().verify_lenient(item, f" {item.answer}").correct


def test_splits_and_seeds_differ() -> None:
    drawn = [tuple(item.prompt for item in Sums().items(split, seed=seed, limit=8))
             for split in ("train", "test") for seed in (0, 1)]  # fmt: skip
    assert len(set(drawn)) == 4


@pytest.mark.slow
def test_reinforcement_learning_improves_the_tiny_model(tmp_path: Path) -> None:
    with Display(Console(quiet=True)) as display:
        assert run(recipe("tiny-pretrain"), tmp_path / "base", display)
        start = f"start={tmp_path / 'base' / 'final'}"
        assert run(override(recipe("tiny-rl"), [start]), tmp_path / "rl", display)
    rewards = [line["reward"] for line in read(tmp_path / "rl") if line["kind"] == "rl"]
    assert len(rewards) == 40
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.1
