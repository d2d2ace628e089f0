"""The updater: micro-batches add up, and a bad loss never reaches the weights."""

import pytest
import torch
from toy_rl import build

from fathom.base.distributed import ALONE
from fathom.evals.rollout import Rollout
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.components.divergence import DivergedError
from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.scoring import score
from fathom.train.rl.updater import MicroBatchLoss, Minibatch, Updater, UpdateResult
from fathom.train.run.task import TaskConfig

ROLLOUTS = [Rollout((5, 6, 7), (8, 9, 3 + index), (-1.0, -1.0, -1.0), "stop") for index in range(4)]


class Count:
    """Statistics of micro-batches."""

    def __init__(self, count=1):
        self.count = count

    def merge(self, other):
        return Count(self.count + other.count)

    def metrics(self):
        return {"micro_batches": float(self.count)}


def updater(**changes):
    optim = OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0), schedule=ScheduleConfig(kind="linear", warmup=2))
    settings = {"stage": "toy", "name": "toy", "start": "toy", "task": TaskConfig(name="toy"), "steps": 10}
    return Updater(build(), TrainerConfig(**(settings | {"optim": optim} | changes)))


def imitation(model, factor=1.0, **changes):
    """Makes the rollouts more likely."""

    def loss(batch, indices):
        logprobs = score(model, batch).logprobs
        assert len(indices) == len(logprobs)
        return MicroBatchLoss(-factor * logprobs.sum() / 12, Count(), logprobs)

    return Minibatch(ROLLOUTS, loss, **changes)


def test_every_rollout_is_learned_from_and_more_likely_afterwards():
    one = updater(micro_tokens=1)
    first = one.run([imitation(one.model)], 1)
    second = one.run([imitation(one.model)], 2)
    assert first.statistics.metrics() == {"micro_batches": 4.0}  # a rollout each
    assert first.tokens == 4 * 5
    assert second.loss < first.loss
    assert first.norm > 0
    assert first.loads is not None


def test_micro_batches_change_nothing():
    whole, cut = updater(), updater(micro_tokens=1)
    one, other = whole.run([imitation(whole.model)], 0), cut.run([imitation(cut.model)], 0)
    assert one.loss == pytest.approx(other.loss, abs=1e-6)
    assert one.norm == pytest.approx(other.norm, rel=1e-5)


def test_each_minibatch_is_an_update():
    one = updater()
    result = one.run([imitation(one.model), imitation(one.model)], 1)
    assert result.statistics.count == 2
    assert {state["step"].item() for part in one.optimizers.parts.values() for state in part.state.values()} == {2}


def test_the_gap_to_the_engine_counts_on_policy_only():
    one = updater()
    assert one.run([imitation(one.model)], 0).engine_gap > 0.1
    assert one.run([imitation(one.model, on_policy=False)], 0).engine_gap == 0


def test_the_schedule_scales_the_rates():
    assert updater().lr_factor(0) < updater().lr_factor(1) == 1
    assert updater().lr_factor(9) < 0.2


def test_a_loss_that_is_not_finite_stops_before_the_weights_change():
    one = updater()
    before = {name: weight.clone() for name, weight in one.model.state_dict().items()}
    with pytest.raises(DivergedError, match="step 1 diverged: the loss is nan; first non-finite value: "):
        one.run([imitation(one.model, factor=float("nan"))], 0)
    assert all(torch.equal(before[name], weight) for name, weight in one.model.state_dict().items())


def test_a_gradient_that_is_not_finite_stops_before_the_weights_change():
    one = updater()
    before = {name: weight.clone() for name, weight in one.model.state_dict().items()}

    def loss(batch, _indices):
        logprobs = score(one.model, batch).logprobs
        return MicroBatchLoss((logprobs * 0).sum().sqrt(), Count(), logprobs)  # 0, with an infinite slope

    with pytest.raises(DivergedError, match=r"step 4 diverged: the norm of the gradient is nan; .* the gradient of"):
        one.run([Minibatch(ROLLOUTS, loss)], 3)
    assert all(torch.equal(before[name], weight) for name, weight in one.model.state_dict().items())


def test_results_of_ranks_add_up():
    class World:
        size = 2

        def gather(self, value):
            return [value, (Count(3), 2.0, 0.5, 7)]

    result = UpdateResult(norm=1.5)
    result.add(Count(), 1.0, 0.25, 5)
    total = result.gather(World())
    assert (total.statistics.count, total.loss, total.engine_gap, total.tokens, total.norm) == (4, 3.0, 0.5, 12, 1.5)
    assert result.gather(ALONE) is result
