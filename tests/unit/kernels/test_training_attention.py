"""Attention of training beside the same formula in float64, values and gradients."""

from __future__ import annotations

import pytest
import torch
from threads import on_threads
from torch import Tensor

from fathom.kernels.attention import VisibleSpans, causal_attention
from fathom.kernels.cpu.attention import MAX_LENGTH

pytestmark = pytest.mark.usefixtures("kernels")

SCALE = 0.2


def plain(q: Tensor, k: Tensor, v: Tensor, first: Tensor | None) -> Tensor:
    """The definition, (B, T, H, C)."""
    length, group = q.shape[1], q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)
    place = torch.arange(length)
    start = torch.zeros(len(q), length) if first is None else first
    seen = (place <= place[:, None]) & (place >= start[:, :, None])  # (B, T, S)
    scores = torch.einsum("bthc,bshc->bhts", q, k) * SCALE
    return torch.einsum("bhts,bshc->bthc", scores.masked_fill(~seen[:, None], float("-inf")).softmax(-1), v)


def with_gradients(attend, inputs, first):
    leaves = [x.detach().requires_grad_() for x in inputs]
    out = attend(*leaves, first)
    weights = torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view(out.shape).to(out.dtype)
    return [out, *torch.autograd.grad(out, leaves, weights)]


def kernel(q, k, v, first):
    return causal_attention(q, k, v, SCALE, None if first is None else VisibleSpans(first))


def inputs(batch, length, heads, groups, key, value, dtype=torch.float32):
    torch.manual_seed(length)
    shapes = (heads, key), (groups, key), (groups, value)
    return [torch.randn(batch, length, *shape).to(dtype) for shape in shapes]


SHAPES = [(2, 37, 4, 2, 24, 16), (2, 64, 2, 2, 48, 32), (1, 5, 3, 1, 8, 40), (1, 1, 1, 1, 1, 1), (2, 100, 2, 2, 64, 32)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_values_and_gradients_are_those_of_the_definition(shape, documents, dtype, tolerance):
    batch, length = shape[:2]
    starts = (torch.arange(length) // 9 * 9).expand(batch, -1).to(torch.int32).contiguous()
    first = starts if documents else None
    given = inputs(*shape, dtype)
    found = with_gradients(kernel, given, first)
    wanted = with_gradients(plain, [x.double() for x in given], first)
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other, rtol=tolerance, atol=tolerance)


def test_views_are_read_where_they_lie():
    q, k, v = inputs(2, 20, 2, 2, 16, 8)
    joined = torch.cat((k, v), -1)
    views = q.transpose(1, 2).contiguous().transpose(1, 2), joined[..., :16], joined[..., 16:]
    for one, other in zip(with_gradients(kernel, views, None), with_gradients(kernel, (q, k, v), None), strict=True):
        assert torch.equal(one, other)


def test_a_mask_hides_completely():
    q, k, v = inputs(1, 12, 1, 1, 8, 8)
    first = torch.tensor([[0] * 6 + [6] * 6], dtype=torch.int32)
    k.requires_grad_()
    v.requires_grad_()
    kernel(q, k, v, first)[:, 6:].sum().backward()
    assert k.grad is not None
    assert v.grad is not None
    assert k.grad[:, :6].tolist() == torch.zeros(1, 6, 1, 8).tolist()
    assert v.grad[:, :6].tolist() == torch.zeros(1, 6, 1, 8).tolist()


def test_results_do_not_depend_on_threads():
    given = inputs(5, 33, 4, 2, 16, 16)
    found = []
    for count in (1, 2, 3):
        with on_threads(count):
            found.append(with_gradients(kernel, given, None))
    for one in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(one, found[0], strict=True))


def test_long_rows_and_other_types_are_left_to_torch():
    q = torch.zeros(1, MAX_LENGTH + 1, 1, 4)
    assert causal_attention.select(q, q, q, SCALE) is None
    assert causal_attention.select(*inputs(1, 4, 1, 1, 4, 4, torch.float64), SCALE) is None
    assert causal_attention.select(*inputs(1, 4, 1, 1, 4, 4), SCALE) is not None
