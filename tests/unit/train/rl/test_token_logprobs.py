"""Log-probabilities of given tokens and their gradients are those of the plain formula."""

from contextlib import nullcontext

import pytest
import torch

from fathom.kernels.registry import reference_only
from fathom.train.rl import token_logprobs as module
from fathom.train.rl.token_logprobs import token_logprobs


def plain(hidden, weight, tokens, temperature):
    logprobs = (hidden @ weight.T / temperature).log_softmax(-1)
    return logprobs.gather(1, tokens[:, None])[:, 0], -(logprobs.exp() * logprobs).sum(-1)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("rows", [512, 2], ids=["at once", "in pieces"])
@pytest.mark.parametrize("kernels", [True, False])
def test_values_and_gradients_are_those_of_the_plain_formula(monkeypatch, temperature, rows, kernels):
    monkeypatch.setattr(module, "_ROWS", rows)
    with nullcontext() if kernels else reference_only():
        check_against_the_plain_formula(temperature)


def check_against_the_plain_formula(temperature):
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 12, generator=generator, requires_grad=True)
    weight = torch.randn(30, 12, generator=generator, requires_grad=True)
    tokens = torch.tensor([0, 29, 3, 3, 3, 17, 8])  # one of them more than once
    upstream = torch.randn(7, generator=generator)
    found, entropies = token_logprobs(hidden, weight, tokens, temperature)
    expected, spread = plain(hidden, weight, tokens, temperature)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(entropies, spread)
    gradients = torch.autograd.grad(found, (hidden, weight), upstream)
    for one, other in zip(gradients, torch.autograd.grad(expected, (hidden, weight), upstream), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    assert not entropies.requires_grad


def test_nothing_is_kept_where_no_gradient_is_asked_for():
    hidden, weight, tokens = torch.randn(5, 4), torch.randn(9, 4), torch.tensor([0, 1, 2, 3, 8])
    found, entropies = token_logprobs(hidden, weight, tokens)
    expected, spread = plain(hidden, weight, tokens, 1.0)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(entropies, spread)


def test_no_tokens_have_no_logprobs():
    found, entropies = token_logprobs(torch.randn(0, 4), torch.randn(9, 4), torch.zeros(0, dtype=torch.int64))
    assert found.shape == entropies.shape == (0,)


def test_products_are_in_float32_under_autocast():
    hidden, weight = torch.randn(5, 4), torch.randn(9, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, _ = token_logprobs(hidden.bfloat16(), weight, torch.tensor([0, 1, 2, 3, 8]))
    expected, _ = plain(hidden.bfloat16().float(), weight, torch.tensor([0, 1, 2, 3, 8]), 1.0)
    torch.testing.assert_close(found, expected)
