"""Operations of a step, against the sums that they stand for."""

import pytest
from toy_rl import CONFIG

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.model import flops
from fathom.tasks.rewards import NOTHING
from fathom.tasks.task import Item, Verdict
from fathom.train.rl.cost import Cost


def group(prompt, *lengths):
    rollouts = [Rollout((1,) * prompt, (2,) * length, (0.0,) * length, "stop") for length in lengths]
    return Group(
        Item("x", "x", None),
        tuple(GradedCompletion(one, "", Verdict(0.0, False, False), False, NOTHING) for one in rollouts),
    )


def test_every_token_is_counted_with_what_it_attends_to():
    model = CONFIG.model_copy(update={"num_mtp_layers": 0})
    groups = [group(4, 3, 5), group(2, 1, 1)]
    prompts = 4 * flops.training(model, 4) / 3 + 2 * flops.training(model, 2) / 3
    sampled = sum(
        flops.decoding(model, prompt + at)
        for prompt, lengths in ((4, (3, 5)), (2, (1, 1)))
        for length in lengths
        for at in range(1, length + 1)
    )
    sizes = (7, 9, 3, 3)
    learned = sum(size * flops.training(model, size) for size in sizes)
    assert Cost(CONFIG).flops(groups, sum(sizes)) == pytest.approx(prompts + sampled + learned)
    assert Cost(CONFIG).flops(groups, sum(sizes) // 2) == pytest.approx(prompts + sampled + learned / 2)
