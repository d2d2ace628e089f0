"""The fused stretches of a layer against the specification."""

from __future__ import annotations

import pytest
import torch
from threads import on_threads

from fathom.kernels.dense_layer import LayerWeights, after_attention, before_attention
from fathom.kernels.formats.matrix import Matrix, dense, quantize

pytestmark = pytest.mark.usefixtures("kernels")

HEADS, KV_HEADS, HEAD_DIM = 4, 2, 24


def build(kind: str, *, width: int = 64, inner: int = 96, head_norm: bool = False) -> LayerWeights:
    def weight(rows: int, columns: int, bias: bool = False) -> Matrix:
        numbers = torch.randn(rows, columns) / columns**0.5
        offset = torch.randn(rows) if bias else None
        if kind.startswith("q"):
            return quantize(numbers, kind, offset)
        return dense(numbers.to(getattr(torch, kind)), offset)

    norm = torch.rand(HEAD_DIM) + 0.5 if head_norm else None
    return LayerWeights(
        qkv=weight((HEADS + 2 * KV_HEADS) * HEAD_DIM, width, bias=True),
        out=weight(width, HEADS * HEAD_DIM),
        gate_up=weight(2 * inner, width),
        down=weight(width, inner),
        attention_norm=torch.rand(width) + 0.5,
        mlp_norm=torch.rand(width) + 0.5,
        q_norm=norm,
        k_norm=norm,
        heads=HEADS,
        kv_heads=KV_HEADS,
        head_dim=HEAD_DIM,
        norm_eps=1e-5,
        head_norm_eps=1e-6,
    )


def angles(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, HEAD_DIM), torch.randn(count, HEAD_DIM)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "q8_0", "q4_1"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 3, 16, 33])
def test_both_stretches_equal_the_specification(kind, dtype, count):
    torch.manual_seed(count)
    weights = build(kind, head_norm=count == 3)
    layer = weights
    x, attended = torch.randn(count, 64).to(dtype), torch.randn(count, HEADS * HEAD_DIM).to(dtype)
    tolerance = 2e-5 if dtype == torch.float32 else 4e-2
    for interleaved in (False, True):
        cos, sin = angles(count)
        got = before_attention(layer, x, cos, sin, interleaved)
        expected = before_attention.reference(weights, x, cos, sin, interleaved)
        assert [part.shape for part in got] == [(count, n, HEAD_DIM) for n in (HEADS, KV_HEADS, KV_HEADS)]
        torch.testing.assert_close(got, expected, atol=tolerance, rtol=tolerance)
    got = after_attention(layer, attended, x)
    torch.testing.assert_close(got, after_attention.reference(weights, attended, x), atol=tolerance, rtol=tolerance)


def test_widths_need_not_divide():
    torch.manual_seed(0)
    weights = build("float32", width=50, inner=37)
    layer, x, attended = weights, torch.randn(5, 50), torch.randn(5, HEADS * HEAD_DIM)
    torch.testing.assert_close(after_attention(layer, attended, x), after_attention.reference(weights, attended, x))
    cos, sin = angles(5)
    torch.testing.assert_close(
        before_attention(layer, x, cos, sin, False), before_attention.reference(weights, x, cos, sin, False)
    )


@pytest.mark.parametrize("kind", ["float32", "q4_1"])
def test_a_row_does_not_depend_on_its_neighbors_or_on_threads(kind):
    torch.manual_seed(0)
    layer = build(kind)
    x, attended = torch.randn(40, 64), torch.randn(40, HEADS * HEAD_DIM)
    cos, sin = angles(40)
    alone_after = torch.cat([after_attention(layer, attended[i : i + 1], x[i : i + 1]) for i in range(40)])
    rows = [before_attention(layer, x[i : i + 1], cos[i : i + 1], sin[i : i + 1], False) for i in range(40)]
    with on_threads(2):
        assert torch.equal(after_attention(layer, attended, x), alone_after)
        for part, alone in zip(before_attention(layer, x, cos, sin, False), zip(*rows, strict=True), strict=True):
            assert torch.equal(part, torch.cat(alone))


def test_inputs_are_left_alone():
    layer, x, attended = build("float32"), torch.randn(2, 64), torch.randn(2, HEADS * HEAD_DIM)
    copies = x.clone(), attended.clone()
    after_attention(layer, attended, x)
    before_attention(layer, x, *angles(2), False)
    assert torch.equal(x, copies[0])
    assert torch.equal(attended, copies[1])
