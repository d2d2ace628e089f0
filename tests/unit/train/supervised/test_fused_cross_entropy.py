"""Cross entropy without whole logits is the cross entropy of whole logits: values and gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.train.supervised import fused_cross_entropy as head

pytestmark = pytest.mark.usefixtures("kernels")


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"], autouse=True)
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("rows", [512, 3], ids=["at once", "in pieces"])
@pytest.mark.parametrize("vocab", [5, 64, 101])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.bfloat16, 4e-2)])
def test_loss_gradients_and_best_tokens(monkeypatch, rows, vocab, dtype, tolerance) -> None:
    monkeypatch.setattr(head, "_ROWS", rows)
    generator = torch.Generator().manual_seed(vocab)
    hidden = torch.randn(7, 12, generator=generator).to(dtype).requires_grad_()
    weight = torch.randn(vocab, 12, generator=generator).to(dtype).requires_grad_()
    targets = torch.tensor([0, vocab - 1, 3, 3, 3, 1, 2])
    loss, best = head.cross_entropy(hidden, weight, targets, best=True)
    logits = hidden.double() @ weight.double().T
    expected = F.cross_entropy(logits, targets, reduction="sum")
    torch.testing.assert_close(loss.double(), expected, rtol=tolerance, atol=tolerance)
    if dtype == torch.float32:
        assert best.tolist() == logits.argmax(-1).tolist()
    found = torch.autograd.grad(loss / 3, (hidden, weight))
    for one, other in zip(found, torch.autograd.grad(expected / 3, (hidden, weight)), strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other.double(), rtol=tolerance, atol=tolerance)


def test_autocast_rounds_the_products_and_not_their_sums(monkeypatch) -> None:
    monkeypatch.setattr(head, "_ROWS", 3)
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 16, generator=generator, requires_grad=True)
    weight = torch.randn(20, 16, generator=generator, requires_grad=True)
    targets = torch.arange(7)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = head.cross_entropy(hidden, weight, targets)
    expected = F.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, rtol=1e-2, atol=1e-2)
    for one, other in zip(
        torch.autograd.grad(loss, (hidden, weight)), torch.autograd.grad(expected, (hidden, weight)), strict=True
    ):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=3e-2, atol=5e-2)


def test_no_rows_give_loss_zero() -> None:
    hidden, weight = torch.randn(0, 4, requires_grad=True), torch.randn(9, 4, requires_grad=True)
    loss, best = head.cross_entropy(hidden, weight, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert best.shape == (0,)
    assert weight.grad is not None
    assert not weight.grad.any()


def test_only_an_ordinary_head_is_fused() -> None:
    model = Transformer(preset("tiny-deepseek-v3"))
    hidden = torch.randn(2, model.config.hidden_size)
    expected = model.embed.weight if model.head is None else model.head.weight
    assert head.weight_of(model, hidden) is expected
    with torch.no_grad():
        assert head.weight_of(model, hidden) is None
    model.head = nn.Sequential(nn.Linear(model.config.hidden_size, model.config.vocab_size))
    assert head.weight_of(model, hidden) is None
    capped = Transformer(preset("tiny-gemma2"))  # whose logits are no product with the head
    assert head.weight_of(capped, torch.randn(2, capped.config.hidden_size)) is None
