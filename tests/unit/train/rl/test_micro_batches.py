"""Micro-batches hold every rollout once, and no more tokens than they may."""

from random import Random

import pytest

from fathom.evals.rollout import Rollout
from fathom.train.rl.micro_batches import group_by_prompt, micro_batches, rank_share


def rollout(prompt, length):
    return Rollout(prompt, (9,) * length, (0.0,) * length, "stop")


def rollouts(count=30):
    random = Random(1)
    prompts = [(number,) * (13 + 3 * number) for number in range(5)]
    return [rollout(prompts[index % 5], random.randint(1, 40)) for index in range(count)]


def length(one):
    return len(one.prompt_ids) + len(one.completion_ids)


def test_micro_batches_hold_everything_once_and_stay_within_their_size():
    everything = rollouts()
    batches = list(micro_batches(everything, 150))
    assert sorted(index for batch in batches for index in batch) == list(range(30))
    for batch in batches:
        prompts = {everything[index].prompt_ids for index in batch}
        assert sum(map(len, prompts)) + sum(len(everything[index].completion_ids) for index in batch) <= 150
        assert max(length(everything[index]) for index in batch) * len(batch) <= 300
    assert [len(batch) for batch in micro_batches(everything[:3], 1)] == [1, 1, 1]


def test_the_longest_come_first():
    everything = rollouts()
    first = next(iter(micro_batches(everything, 150)))
    assert length(everything[first[0]]) == max(map(length, everything))


def test_rollouts_of_a_prompt_stay_together():
    everything = rollouts()
    for group in group_by_prompt(everything):
        assert len({everything[index].prompt_ids for index in group}) == 1
        lengths = [length(everything[index]) for index in group]
        assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("ranks", [1, 2, 3, 7])
def test_ranks_divide_the_rollouts_among_them(ranks):
    everything = rollouts()
    shares = [rank_share(everything, rank, ranks) for rank in range(ranks)]
    assert sorted(index for share in shares for index in share) == list(range(30))
    if ranks <= 5:  # whole prompts
        prompts = [{everything[index].prompt_ids for index in share} for share in shares]
        assert sum(map(len, prompts)) == 5
