"""Packed rollouts have the logits and gradients of rows of their own, and cost less."""

from contextlib import nullcontext

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_policy import CONFIGS, build

from fathom.evals.rollout import Rollout
from fathom.kernels.registry import reference_only
from fathom.train.rl.prefix_packing import Picks, PrefixPacking
from fathom.train.rl.scoring import collate, head_logits, logits

PROMPTS = [(5, 6, 7), (8,), (5, 6, 7, 9), (3, 4)]
ids = st.lists(st.integers(1, 60), min_size=1, max_size=7).map(tuple)


def rollout(prompt, completion):
    return Rollout(prompt, completion, tuple(-1.0 for _ in completion), "stop")


ROLLOUTS = [
    rollout(PROMPTS[0], (1, 2, 3, 4, 5)),
    rollout(PROMPTS[1], (9,)),
    rollout(PROMPTS[0], (2,)),
    rollout(PROMPTS[2], (1, 2)),
    rollout(PROMPTS[0], (1, 2, 3, 4, 6)),
]


def alone(model, rollouts):
    """(M, V): every rollout as a row of its own."""
    found = []
    for one in rollouts:
        hidden = model.hidden_states(torch.tensor([one.prompt_ids + one.completion_ids])[:, :-1])[0]
        found.append(head_logits(model, hidden[len(one.prompt_ids) - 1 :]))
    return torch.cat(found)


@pytest.mark.parametrize("kernel", [True, False], ids=["kernel", "plain"])
@pytest.mark.parametrize("kind", CONFIGS)
def test_logits_and_gradients_are_those_of_rows_of_their_own(kind, kernel):
    with nullcontext() if kernel else reference_only():
        check_rows_of_their_own(kind)


def check_rows_of_their_own(kind):
    model = build(kind)
    weights = [weight for name, weight in model.named_parameters() if not name.startswith("mtp")]
    expected, found = alone(model, ROLLOUTS), logits(model, collate(ROLLOUTS))
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=1e-5)
    pull = torch.randn(expected.shape, generator=torch.Generator().manual_seed(3))
    wanted = torch.autograd.grad((expected * pull).sum(), weights, allow_unused=True)
    got = torch.autograd.grad((found * pull).sum(), weights, allow_unused=True)
    for a, b in zip(wanted, got, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(b, a, atol=5e-5, rtol=1e-3)


def test_a_prompt_is_computed_once_and_padding_never():
    packing = PrefixPacking(ROLLOUTS)
    prompts = sum(map(len, PROMPTS[:3]))
    assert packing.tokens.shape == (1, prompts + 4 + 0 + 0 + 1 + 4)
    assert packing.tokens[0, :7].tolist() == [5, 6, 7, 1, 2, 3, 4]
    assert packing.positions[0, :7].tolist() == list(range(7))


@given(st.lists(st.tuples(st.sampled_from(PROMPTS), ids), min_size=1, max_size=6))
def test_every_token_sees_its_own_past_and_no_more(pairs):
    """Attention that averages what it sees, of values that are bits: the sum says which tokens those were."""
    rollouts = [rollout(prompt, completion) for prompt, completion in pairs]
    packing = PrefixPacking(rollouts)
    count = packing.tokens.shape[1]
    value = torch.eye(count).reshape(1, count, 1, count)
    zero = torch.zeros(1, count, 1, 2)
    seen = packing.attend(0, zero, zero, value, 1.0)[0, :, 0]  # (F, F)
    places = torch.arange(count)
    found = [
        [(places[row > 0], row[row > 0]) for row in part]
        for part in packing.completion_picks(seen).split([len(one.completion_ids) for one in rollouts])
    ]
    for one, steps in zip(rollouts, found, strict=True):
        text = one.prompt_ids + one.completion_ids
        for step, (past, weights) in enumerate(steps):
            assert packing.tokens[0, past].tolist() == list(text[: len(one.prompt_ids) + step])
            torch.testing.assert_close(weights, torch.full_like(weights, 1 / len(past)))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_what_is_picked_often_learns_from_all_picks(numbers, random):
    places = torch.tensor(numbers)
    used = torch.tensor([random.random() < 0.7 for _ in numbers])
    table = torch.randn(5, 3, requires_grad=True)
    picked = Picks(places, 5, used)(table)
    assert picked.equal(table[places])
    pull = torch.randn(picked.shape)
    expected = torch.zeros(5, 3).index_add(0, places[used], pull[used])
    torch.testing.assert_close(torch.autograd.grad(picked, table, pull)[0], expected)
