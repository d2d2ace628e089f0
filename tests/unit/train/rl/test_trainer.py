"""The trainer joins sampler, algorithm and updater; an algorithm of one's own needs no more than its minibatches."""

import copy

import pytest
from toy_rl import build, grader

from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.train.rl.config import CompletionsConfig, TrainerConfig
from fathom.train.rl.sampler import GroupSampler
from fathom.train.rl.scoring import score
from fathom.train.rl.trainer import Trainer
from fathom.train.rl.updater import MicroBatchLoss, Minibatch
from fathom.train.run.task import TaskConfig


class NoStatistics:
    def merge(self, other):
        return other

    def metrics(self):
        return {"mine": 1.0}


class Imitation:
    """Makes everything that was sampled more likely."""

    def __init__(self, model):
        self.model = model
        self.ended = []

    def minibatches(self, batch):
        rollouts = [member.rollout for group in batch.groups for member in group.members]
        return [Minibatch(rollouts, self.loss)]

    def loss(self, batch, _indices):
        logprobs = score(self.model, batch).logprobs
        return MicroBatchLoss(-logprobs.sum() / batch.completion_mask.sum(), NoStatistics(), logprobs)

    def end_step(self, step):
        self.ended.append(step)

    def state(self):
        return {"ended": self.ended}

    def load(self, state):
        self.ended = state["ended"]


def trainer(clock=lambda: 0.0):
    model = build()
    config = TrainerConfig(
        stage="toy",
        name="toy",
        start="toy",
        task=TaskConfig(name="toy"),
        steps=3,
        sampling=CompletionsConfig(prompts=4, group=2, max_tokens=8),
        optim=OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0)),
    )
    one = grader(model)
    return Trainer(model, one, GroupSampler(one, config.sampling, 0), Imitation(model), config, clock=clock)


def test_a_step_samples_learns_and_says_so():
    ticks = iter([1.0, 3.0, 7.0])
    one = trainer(clock=lambda: next(ticks))
    line, groups = one.run_step()
    assert (one.step, len(groups), {len(group.members) for group in groups}) == (1, 4, {2})
    assert (line["groups"], line["sampled"], line["mine"]) == (4, 8, 1.0)
    assert (line["sampling_seconds"], line["update_seconds"]) == (2.0, 4.0)
    assert 0 < line["engine_gap"] < 1e-5
    assert line["gradient_norm"] > 0
    assert "staleness" not in line
    assert one.algorithm.ended == [1]


def test_the_state_resumes_the_algorithm_too():
    one, other = trainer(), trainer()
    one.run_step()
    state = copy.deepcopy(one.state())
    assert sorted(state) == ["ended", "frozen", "model", "optimizers", "step", "task", "warmup"]
    other.load(state)
    assert (other.step, other.algorithm.ended) == (1, [1])
    assert other.run_step()[0] == one.run_step()[0]


@pytest.mark.parametrize("split", ["validation", "test"])
def test_an_evaluation_samples_held_out_problems(split):
    groups = trainer().sample_held_out(3, 2, 1.0, split=split)
    assert [group.item.id for group in groups] == [f"{split}/{index}" for index in range(3)]
    assert {len(group.members) for group in groups} == {2}
