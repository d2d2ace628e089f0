"""The metrics of a step, and its operations against the sums that they abbreviate."""

import pytest
from toy_rl import CONFIG

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.model import flops
from fathom.tasks.rewards import NO_REWARD
from fathom.tasks.task import Item, Verdict
from fathom.train.rl.metrics import StepCost, sampling_metrics, update_metrics
from fathom.train.rl.sampler import SampledBatch
from fathom.train.rl.updater import UpdateResult


def group(prompt, *lengths):
    rollouts = [Rollout((1,) * prompt, (2,) * length, (0.0,) * length, "stop") for length in lengths]
    return Group(
        Item("x", "x", None),
        tuple(GradedCompletion(one, "", Verdict(0.0, False, False), False, NO_REWARD) for one in rollouts),
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
    assert StepCost(CONFIG).flops(groups, sum(sizes)) == pytest.approx(prompts + sampled + learned)
    assert StepCost(CONFIG).flops(groups, sum(sizes) // 2) == pytest.approx(prompts + sampled + learned / 2)


def test_the_metrics_of_what_was_sampled():
    groups = [group(4, 3, 5), group(2, 1, 1)]
    metrics = sampling_metrics(SampledBatch(groups[:1], groups))
    assert (metrics["groups"], metrics["sampled"], metrics["sampled_tokens"]) == (1, 4, 10)
    assert (metrics["length"], metrics["length_max"]) == (2.5, 5)
    assert (metrics["zero_variance"], metrics["reward"], metrics["right"]) == (1.0, 0.0, 0.0)
    assert "staleness" not in metrics
    assert sampling_metrics(SampledBatch(groups, groups, staleness=1))["staleness"] == 1


def test_the_metrics_of_updates_without_statistics_or_experts():
    metrics = update_metrics(UpdateResult(loss=2.0, tokens=7, norm=3.0))
    assert metrics == {
        "loss": 2.0,
        "engine_gap": 0.0,
        "learned_tokens": 7,
        "gradient_norm": 3.0,
        "max_violation": None,
        "dead_experts": None,
        "loads": None,
    }
