"""Cross entropy and softmax in place against their formulas in float64, for both implementations."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from gradients import with_gradients

from fathom.kernels.cross_entropy import can_fuse_head, cross_entropy, softmax_
from fathom.kernels.registry import reference_only

PRECISIONS = [(torch.float32, 2e-6), (torch.bfloat16, 2e-2)]


@pytest.fixture(params=["kernel", "reference"], autouse=True)
def _implementation(request):
    with nullcontext() if request.param == "kernel" else reference_only():
        yield


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("vocab", [5, 64, 100])
def test_the_sum_and_its_gradient(vocab, dtype, tolerance) -> None:
    logits, targets = _logits(vocab, dtype), torch.tensor([0, vocab - 1, 3])
    got = with_gradients(lambda x: cross_entropy(x, targets), [logits])
    exact = with_gradients(lambda x: F.cross_entropy(x, targets, reduction="sum"), [logits.double()])
    for one, other in zip(got, exact, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=8 * tolerance, atol=8 * tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("vocab", [5, 64, 100])
def test_softmax_in_place(vocab, dtype, tolerance) -> None:
    logits, targets = _logits(vocab, dtype), torch.tensor([0, vocab - 1, 3])
    expected = (logits.double() / 0.7).log_softmax(-1)
    logprobs, entropies = softmax_(logits, targets, temperature=0.7, target_offset=1.0, entropy=True)
    wanted = expected.exp() - F.one_hot(targets, vocab)
    torch.testing.assert_close(logits.double(), wanted, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(logprobs.double(), expected.gather(1, targets[:, None])[:, 0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(entropies.double(), -(expected.exp() * expected).sum(-1), rtol=1e-5, atol=1e-5)


def test_entropies_are_empty_unless_asked_for() -> None:
    assert softmax_(_logits(5, torch.float32), torch.tensor([0, 1, 2]))[1].shape == (0,)


def test_a_head_is_fused_in_training_only_and_with_a_kernel() -> None:
    hidden, weight = torch.randn(2, 4), torch.randn(9, 4)
    assert can_fuse_head(hidden, weight) is softmax_.has_kernel("cpu", torch.float32)
    assert not can_fuse_head(hidden.double(), weight)
    with torch.no_grad():
        assert not can_fuse_head(hidden, weight)


def _logits(vocab: int, dtype: torch.dtype) -> torch.Tensor:
    return (torch.randn(3, vocab, generator=torch.Generator().manual_seed(vocab)) * 9).to(dtype)
