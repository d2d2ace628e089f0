"""Reinforcement learning of a model and on questions of one's own."""

from __future__ import annotations

from fathom.recipes.rl import rl
from fathom.train.rl.config import FULL_LR, LOW_RANK_LR
from fathom.train.run.config import override
from fathom.train.run.task import TaskConfig


def test_low_rank_updates_have_their_own_rate() -> None:
    assert rl().optimizers.adamw.lr == LOW_RANK_LR
    whole = override(rl(), ["lora=null"])
    assert (whole.lora, whole.optimizers.adamw.lr) == (None, FULL_LR)
    assert override(rl(), ["optim.adamw.lr=1e-5"]).optimizers.adamw.lr == 1e-5


def test_a_task_of_ones_own_is_one_setting() -> None:
    assert override(rl(), ["task=my_task.py:Capitals"]).task == TaskConfig(name="my_task.py:Capitals")


def test_little_is_left_on_the_disk() -> None:
    config = rl()
    assert config.checkpoint.keep == 1
    assert config.save_dtype == "bfloat16"
