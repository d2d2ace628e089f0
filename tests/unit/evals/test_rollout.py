"""Rollouts sampled by our engine. That trainer and engine agree on their probabilities: train/rl/test_agreement.py."""

import pytest
import torch
from small_policy import build

from fathom.base.errors import ConfigError, RequestError
from fathom.evals.rollout import EngineSampler


def sampler(model, **changes):
    settings = {"eos_ids": frozenset({0}), "max_context": 80, "sequences": 8, "page_size": 4} | changes
    return EngineSampler(model, **settings)


def prompts(count=5):
    generator = torch.Generator().manual_seed(1)
    prefix = tuple(torch.randint(1, 64, (9,), generator=generator).tolist())
    return [prefix + tuple(torch.randint(1, 64, (4 + 3 * i,), generator=generator).tolist()) for i in range(count)]


def test_sampling_repeats_itself_and_neighbouring_seeds_do_not():
    model = build()
    one, same, other = (
        sampler(model).sample(prompts(), 3, max_tokens=12, temperature=1.0, seed=seed) for seed in (7, 7, 8)
    )
    assert one == same
    assert {r.completion_ids for g in one for r in g}.isdisjoint({r.completion_ids for g in other for r in g})


def test_a_truncated_completion_says_so_and_an_ended_one_holds_its_end():
    model = build()
    with torch.no_grad():
        model.head.weight[0] += 0.5 * model.head.weight.std()
    groups = sampler(model).sample(prompts(), 8, max_tokens=55, temperature=2.0, seed=0)
    rollouts = [one for group in groups for one in group]
    assert any(one.truncated for one in rollouts)
    assert not all(one.truncated for one in rollouts)
    for one in rollouts:
        assert one.truncated == (one.completion_ids[-1] != 0)
        assert len(one.logprobs) == len(one.completion_ids) <= 55


def test_a_sampler_without_an_end_token_is_refused():
    with pytest.raises(ConfigError, match="no token ends a completion"):
        sampler(build(), eos_ids=frozenset())


def test_a_completion_that_cannot_fit_is_refused_rather_than_cut_off():
    with pytest.raises(RequestError, match="a prompt of 25 tokens and a completion of 56 exceed the context of 80"):
        sampler(build()).sample(prompts(), 2, max_tokens=56, temperature=1.0, seed=0)


def test_a_share_of_the_prompts_is_sampled_as_in_the_whole_batch():
    model = build()
    whole = sampler(model).sample(prompts(), 2, max_tokens=8, temperature=1.0, seed=3)
    part = sampler(model).sample(prompts()[2:], 2, max_tokens=8, temperature=1.0, seed=3, first=2)
    ids = [[one.completion_ids for one in group] for group in whole]
    assert [[one.completion_ids for one in group] for group in part] == ids[2:]
