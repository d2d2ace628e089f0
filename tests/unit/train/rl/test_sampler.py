"""Sampling ahead: what is a step old is known to be, and learned from as such."""

import copy
import threading

import pytest
import torch
from toy_rl import build, grader

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.policy_optimization import policy_trainer
from fathom.train.rl.sampler import (
    AsyncSampler,
    BackgroundCall,
    DynamicSampler,
    GroupSampler,
    equal_reward_share,
    has_equal_rewards,
)
from fathom.train.rl.scoring import collate, score
from fathom.train.run.task import TaskConfig


def config(steps=20, **sampling):
    settings = {"prompts": 8, "group": 8, "max_tokens": 10, "overlap": 1} | sampling
    return RLConfig(
        name="toy",
        start="toy",
        task=TaskConfig(name="toy"),
        steps=steps,
        sampling=SamplingConfig(**settings),
        optim=OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0), schedule=ScheduleConfig(kind="constant")),
    )


def async_sampler(model, grader_, config_, world=ALONE):
    def sampler_of(copy):
        return DynamicSampler(grader_.with_sampler(grader(copy).sampler), config_.sampling, config_.seed)

    return AsyncSampler(model, torch.device("cpu"), sampler_of, world)


def trainer(steps=20, **sampling):
    model, settings = build(), config(steps, **sampling)
    own = grader(model)
    return policy_trainer(model, own, settings, sampler=async_sampler(model, own, settings))


def ids(groups):
    return [member.rollout.completion_ids for group in groups for member in group.members]


def test_a_batch_is_one_step_old_and_the_ratio_says_so():
    one = trainer(steps=3)
    first, _ = one.run_step()
    assert first["staleness"] == 0
    assert first["ratio_max"] == pytest.approx(1.0, abs=1e-4)
    assert 0 < first["engine_gap"] < 1e-5

    before = build()  # the weights before the first update, which sampled the second batch
    expected = DynamicSampler(grader(before), config().sampling, 0).collect(1)
    weights = copy.deepcopy(one.model)
    second, sampled = one.run_step()
    assert ids(sampled) == ids(expected.sampled)
    assert second["staleness"] == 1
    batch = collate([member.rollout for group in sampled for member in group.members])
    with torch.no_grad():
        ratios = (score(weights, batch).logprobs - batch.sampled_logprobs).exp()[batch.completion_mask]
    assert second["ratio_mean"] == pytest.approx(ratios.mean().item(), abs=1e-5)
    assert second["ratio_max"] == pytest.approx(ratios.max().item(), abs=1e-4)
    assert second["ratio_max"] > 1.01
    assert second["engine_gap"] == 0


def test_with_a_synchronous_sampler_nothing_is_old():
    model = build()
    line, _ = policy_trainer(model, grader(model), config(overlap=0)).run_step()
    assert "staleness" not in line
    assert line["ratio_max"] == 1.0


def test_it_learns_the_toy_task():
    one = trainer()
    rewards = [one.run_step()[0]["reward"] for _ in range(20)]
    assert rewards[0] < 0.6
    assert sum(rewards[-3:]) / 3 > 0.75  # on-policy it is a little further by then


def test_runs_are_alike_and_a_resume_begins_anew_on_policy():
    def lines(one, count):
        timed = {"sampling_seconds", "update_seconds"}
        return [{key: value for key, value in one.run_step()[0].items() if key not in timed} for _ in range(count)]

    one, two = trainer(), trainer()
    assert lines(one, 3) == lines(two, 3)
    resumed = trainer()
    resumed.run_step()  # something is under way that belongs to another future
    resumed.load(copy.deepcopy(one.state()))
    found = lines(resumed, 2)
    assert [line["staleness"] for line in found] == [0, 1]
    assert resumed.step == 5
    fresh = trainer()
    fresh.load(copy.deepcopy(one.state()))
    assert lines(fresh, 2) == found


def test_the_last_step_prefetches_nothing(monkeypatch):
    one, prefetched = trainer(steps=3), []
    monkeypatch.setattr(one.sampler, "prefetch", prefetched.append)
    for _ in range(3):
        one.run_step()
    assert prefetched == [1, 2]


def test_an_evaluation_waits_for_what_is_under_way():
    one = trainer()
    one.run_step()
    one.sample_held_out(2, 1, 1.0)
    assert not one.sampler.is_sampling
    assert one.run_step()[0]["staleness"] == 1


class TestBackgroundCall:
    def test_work_is_done_meanwhile(self):
        call, go = BackgroundCall(), threading.Event()
        call.start(lambda: go.wait(60))
        go.set()  # it would wait for ever if it were done at once
        assert call.result() is True
        assert call.result() is None

    def test_an_error_comes_with_the_result(self):
        call = BackgroundCall()
        call.start(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            call.result()
        assert call.result() is None


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"sampling\.overlap .* set sampling.temperature=1"):
        config(temperature=0.8)
    model = build()
    with pytest.raises(ConfigError, match="one process alone can sample ahead"):
        async_sampler(model, grader(model), config(), World(0, 2, 0))


def test_problems_and_draws_depend_on_the_step_alone():
    settings = config(overlap=0, rounds=2)
    model = build()
    one, other = (DynamicSampler(grader(model), settings.sampling, 0) for _ in range(2))
    first = one.collect(0)
    assert ids(one.collect(1).sampled) == ids(other.collect(1).sampled) != ids(first.sampled)


def test_a_plain_sampler_takes_the_groups_as_they_come():
    settings = config(overlap=0)
    model = build()
    batch = GroupSampler(grader(model), settings.sampling, 0).collect(3)
    dynamic = DynamicSampler(grader(model), settings.sampling, 0).collect(3)
    assert batch.groups == batch.sampled
    assert ids(batch.sampled) == ids(dynamic.sampled)
    assert equal_reward_share(batch.sampled) == sum(map(has_equal_rewards, batch.groups)) / len(batch.groups)
    equal = [has_equal_rewards(group) for group in dynamic.groups]
    assert equal == sorted(equal)  # mixed groups first
    assert batch.staleness is None
