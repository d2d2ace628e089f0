"""Sampling ahead: what is a step old is known to be, and learned from as such."""

import copy
import threading

import pytest
import torch
from toy_rl import build, grader

from fathom.base.distributed import World
from fathom.base.errors import ConfigError
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.rl.config import RLConfig, SamplingConfig, TaskConfig
from fathom.train.rl.prefetch import AsyncSampler, Prefetch
from fathom.train.rl.scoring import collate, score
from fathom.train.rl.trainer import Trainer


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


def trainer(steps=20, **sampling):
    model = build()
    own = grader(model)
    twin = AsyncSampler(model, torch.device("cpu"), lambda other: own.with_sampler(grader(other).sampler))
    return Trainer(model, own, config(steps, **sampling), twin=twin)


def ids(groups):
    return [member.rollout.completion_ids for group in groups for member in group.members]


def test_a_batch_is_one_step_old_and_the_ratio_says_so():
    one = trainer(steps=3)
    first, _ = one.run_step()
    assert first["staleness"] == 0
    assert first["ratio_max"] == pytest.approx(1.0, abs=1e-4)
    assert 0 < first["engine_gap"] < 1e-5

    before = build()  # the weights before the first update, which sampled the second batch
    expected, _ = Trainer(before, grader(before), config()).collect(1)
    weights = copy.deepcopy(one.model)
    second, sampled = one.run_step()
    assert ids(sampled) == ids(expected)
    assert second["staleness"] == 1
    batch = collate([member.rollout for group in sampled for member in group.members])
    with torch.no_grad():
        ratios = (score(weights, batch).logprobs - batch.sampled).exp()[batch.chosen]
    assert second["ratio_mean"] == pytest.approx(ratios.mean().item(), abs=1e-5)
    assert second["ratio_max"] == pytest.approx(ratios.max().item(), abs=1e-4)
    assert second["ratio_max"] > 1.01
    assert second["engine_gap"] == 0


def test_without_a_twin_nothing_is_old():
    model = build()
    line, _ = Trainer(model, grader(model), config(overlap=0)).run_step()
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


def test_the_last_step_begins_nothing():
    one = trainer(steps=2)
    one.run_step()
    one.run_step()
    assert one._ahead.take() is None


def test_an_evaluation_waits_for_what_is_under_way():
    one = trainer()
    one.run_step()
    one.evaluation(2, 1, 1.0)
    assert not one._ahead._thread.is_alive()
    assert one.run_step()[0]["staleness"] == 1


class TestAhead:
    def test_work_is_done_meanwhile(self):
        ahead, go = Prefetch(), threading.Event()
        ahead.begin(lambda: go.wait(60))
        go.set()  # it would wait for ever if it were done at once
        assert ahead.take() is True
        assert ahead.take() is None

    def test_an_error_comes_with_the_result(self):
        ahead = Prefetch()
        ahead.begin(lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            ahead.take()
        assert ahead.take() is None


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"sampling\.overlap .* set sampling.temperature=1"):
        config(temperature=0.8)
    model = build()
    twin = AsyncSampler(model, torch.device("cpu"), grader)
    with pytest.raises(ConfigError, match="one process alone can sample ahead"):
        Trainer(model, grader(model), config(), world=World(0, 2, 0), twin=twin)
