"""Policy optimization: it learns, it is on-policy to the last bit, and what it logs is what happened."""

import copy

import pytest
import torch
from toy_rl import Always, Begin, Never, build, grader

from fathom.base.distributed import World
from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.recipes.countdown.vocabulary import SIZE
from fathom.tasks.task import Verdict
from fathom.train.rl.config import RLConfig, SamplingConfig
from fathom.train.rl.loss import FORMS
from fathom.train.rl.micro_batches import MicroBatcher
from fathom.train.rl.policy_optimization import PolicyOptimization, policy_trainer
from fathom.train.rl.sampler import DynamicSampler, has_equal_rewards
from fathom.train.rl.scoring import collate
from fathom.train.run.task import TaskConfig

OPTIM = OptimConfig(adamw=AdamWConfig(lr=1e-2, weight_decay=0), schedule=ScheduleConfig(kind="constant"))
SAMPLING = SamplingConfig(prompts=8, group=8, max_tokens=10)


def config(**changes):
    sampling = SAMPLING.model_copy(update=changes.pop("sampling", {}))
    settings = {"optim": OPTIM, "steps": 20} | changes
    return RLConfig(name="toy", start="toy", task=TaskConfig(name="toy"), sampling=sampling, **settings)


def trainer(task=None, **changes):
    model = build()
    return policy_trainer(model, grader(model, task), config(**changes))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_learns_the_toy_task(form):
    one = trainer(loss=FORMS[form], estimator="grpo" if form in ("grpo", "r1", "gspo") else "dr_grpo")
    if form == "dr_grpo":  # its constant divisor is the length limit
        one = trainer(loss=FORMS[form].model_copy(update={"length_limit": 2}))
    rewards = [one.run_step()[0]["reward"] for _ in range(20)]
    assert rewards[0] < 0.6
    assert sum(rewards[-3:]) / 3 > 0.85


def test_on_policy_the_ratio_is_exactly_one_in_every_step():
    one = trainer()
    for step in range(1, 5):
        line, _ = one.run_step()
        assert one.step == step
        assert (line["ratio_min"], line["ratio_mean"], line["ratio_max"]) == (1.0, 1.0, 1.0)
        assert (line["clip_fraction"], line["kl"]) == (0.0, 0.0)
        assert 0 < line["engine_gap"] < 1e-5
        assert line["gradient_norm"] > 0


def test_several_updates_a_step_leave_the_policy_that_sampled():
    line, _ = trainer(updates=4).run_step()
    assert line["ratio_max"] > 1.0 > line["ratio_min"]
    assert line["kl"] > 0


def test_micro_batches_change_nothing():
    whole, cut = trainer(), trainer(micro_tokens=40)
    assert whole.run_step()[0]["loss"] == pytest.approx(cut.run_step()[0]["loss"], abs=1e-6)
    for (name, a), b in zip(whole.model.named_parameters(), cut.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=0, msg=name)  # Adam's first step is a sign


def test_the_gradient_is_that_of_one_plain_batch():
    whole, cut = trainer(), trainer(micro_tokens=40)
    for one in (whole, cut):
        one.updater.optimizers.step = lambda factor: 1.0
        one.run_step()
    for (name, a), b in zip(whole.model.named_parameters(), cut.model.parameters(), strict=True):
        if a.grad is not None:
            torch.testing.assert_close(a.grad, b.grad, atol=1e-6, rtol=1e-4, msg=name)


def test_a_resumed_run_takes_the_very_same_steps():
    straight, first = trainer(), trainer()
    lines = [straight.run_step()[0] for _ in range(4)]
    for _ in range(2):
        first.run_step()
    state = copy.deepcopy(first.state())
    second = trainer()
    second.load(state)
    again = [second.run_step()[0] for _ in range(2)]
    timed = {"sampling_seconds", "update_seconds"}
    for expected, found in zip(lines[2:], again, strict=True):
        assert {k: v for k, v in expected.items() if k not in timed} == {
            k: v for k, v in found.items() if k not in timed
        }


class Mixed(Begin):
    """Every second problem is always solved."""

    def verify(self, item, completion):
        if int(item.prompt[0].content.split()[0]) % 2:
            return Verdict(1.0, True, True)
        return super().verify(item, completion)


def test_groups_with_equal_rewards_are_replaced_within_bounds():
    once, thrice = trainer(Mixed()), trainer(Mixed(), sampling={"rounds": 3})
    batch = once.sampler.collect(0)
    assert len(batch.groups) == len(batch.sampled) == 8
    batch = thrice.sampler.collect(0)
    assert len(batch.groups) == 8
    assert 8 < len(batch.sampled) <= 8 + 8 + 8
    line, _ = thrice.run_step()
    assert 0.3 < line["zero_variance"] < 0.7


@pytest.mark.parametrize("task", [Never(), Always()])
def test_where_all_rewards_are_equal_nothing_moves(task):
    model = build()
    before = copy.deepcopy(model.state_dict())
    one = policy_trainer(model, grader(model, task, eos_ids=frozenset(range(SIZE))), config(sampling={"rounds": 2}))
    line, sampled = one.run_step()
    assert line["zero_variance"] == 1
    assert (line["groups"], len(sampled)) == (8, 16)
    assert line["gradient_norm"] == 0
    for name, tensor in one.model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_truncated_completions_earn_nothing_or_are_not_learned_from():
    short = {"max_tokens": 2}
    zero, mask = trainer(Always(), sampling=short), trainer(Always(), sampling=short | {"truncated": "mask"})
    for one, learns_from_all in ((zero, True), (mask, False)):
        examples = one.algorithm.examples(one.sampler.collect(0).groups)
        rollouts = [example.rollout for example in examples]
        assert 0.1 < sum(rollout.truncated for rollout in rollouts) / 64 < 0.4
        assert all((example.advantage < 0) == example.rollout.truncated for example in examples if example.advantage)
        loss = one.algorithm.minibatch_loss(examples)
        assert len(loss.examples) <= 64
        kept = [example.rollout for example in loss.examples]
        learned = loss.mask(collate(kept), range(len(kept))).sum()
        assert learned == sum(len(r.completion_ids) for r in kept if learns_from_all or not r.truncated)
        tokens = sum(len(r.completion_ids) for r in rollouts if learns_from_all or not r.truncated)
        assert loss.total == tokens


def test_the_reference_follows_the_policy_where_asked():
    loss = FORMS["grpo"]
    still, moving = trainer(loss=loss), trainer(loss=loss, reference_every=1)
    for one in (still, moving):
        assert one.run_step()[0]["reference_kl"] == 0
    assert still.run_step()[0]["reference_kl"] > 0
    assert moving.run_step()[0]["reference_kl"] == 0


def gradients(one):
    one.updater.optimizers.step = lambda factor: 1.0
    line, groups = one.run_step()
    return line, groups, {name: weight.grad for name, weight in one.model.named_parameters()}


@pytest.mark.parametrize("truncated", ["zero", "mask"])
@pytest.mark.parametrize("updates", [1, 2])
def test_what_has_no_gradient_is_not_computed_and_changes_nothing(truncated, updates, monkeypatch):
    changes = {"sampling": {"truncated": truncated}, "updates": updates}
    line, groups, found = gradients(trainer(**changes))
    assert any(has_equal_rewards(group) for group in groups)
    assert not all(has_equal_rewards(group) for group in groups)
    monkeypatch.setattr(PolicyOptimization, "has_gradient", lambda *_: True)
    whole, _, expected = gradients(trainer(**changes))
    assert line["loss"] == pytest.approx(whole["loss"], abs=1e-7)
    assert sum(map(sum, line["loads"].values())) < sum(map(sum, whole["loads"].values()))
    for name, gradient in expected.items():
        if gradient is None:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], gradient, atol=1e-7, rtol=1e-4)


def test_loads_count_every_prompt_once_and_no_padding():
    one = trainer(loss=FORMS["grpo"])  # whose KL term learns from every completion
    line, groups = one.run_step()
    rollouts = [member.rollout for group in groups for member in group.members]
    shown = sum(map(len, {r.prompt_ids for r in rollouts})) + sum(len(r.completion_ids) - 1 for r in rollouts)
    main = {name: loads for name, loads in line["loads"].items() if name.startswith("layers.")}
    assert {sum(loads) for loads in main.values()} == {2 * shown}


@pytest.mark.parametrize("rank", [0, 1])
def test_each_rank_rescores_what_it_will_learn_from(rank):
    """Groups with equal rewards are left out of the update, so they must not shift the ranks' shares."""
    model, world = build(), World(rank, 2, 0)
    settings = config(updates=2, micro_tokens=60)
    batch = DynamicSampler(grader(model), settings.sampling, 0).collect(0)
    assert any(has_equal_rewards(group) for group in batch.groups)
    for minibatch in PolicyOptimization(model, settings, world).minibatches(batch):
        split = MicroBatcher.of(model, settings, world).split(minibatch.rollouts)
        assert set(minibatch.loss.old) == {tuple(indices) for indices, _ in split}
