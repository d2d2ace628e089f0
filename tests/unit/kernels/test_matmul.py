"""The C++ products against the specification, over storage formats, odd shapes and row counts."""

from __future__ import annotations

import pytest
import torch
from threads import on_threads

from fathom.kernels.formats.block_format import Codes
from fathom.kernels.formats.matrix import Matrix, dense, from_codes
from fathom.kernels.matmul import embedding, quantized_linear

KINDS: list[str] = ["float32", "bfloat16", "q8_0", "q4_0", "q4_1"]

pytestmark = pytest.mark.usefixtures("kernels")


def weight(kind: str, rows: int, columns: int, *, bias: bool = False) -> Matrix:
    """Of about unit gain, whatever the format."""
    offset = torch.randn(rows) if bias else None
    if kind in {"float32", "bfloat16"}:
        numbers = torch.randn(rows, columns) / columns**0.5
        return dense(numbers.to(torch.bfloat16 if kind == "bfloat16" else torch.float32), offset)
    shape = (rows, columns // 32, 32)
    scale = (torch.rand(shape[:2]) * 0.1 / columns**0.5).half()
    if kind == "q8_0":
        return from_codes(kind, Codes(torch.randint(-128, 128, shape, dtype=torch.int8), scale), offset)
    codes = torch.randint(0, 16, shape, dtype=torch.uint8)
    minima = (torch.randn(shape[:2]) / columns**0.5).half() if kind == "q4_1" else None
    return from_codes(kind, Codes(codes, scale, minima), offset)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 9, 17, 30, 61])
def test_linear_equals_the_specification(kind, dtype, count):
    torch.manual_seed(count)
    for rows, columns in [(1, 32), (15, 64), (37, 96), (80, 576)]:
        w = weight(kind, rows, columns, bias=rows == 37)
        x = torch.randn(count, columns).to(dtype)
        got, expected = quantized_linear(x, w), quantized_linear.reference(x, w)
        assert got.dtype == dtype
        tolerance = {"atol": 1e-5, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 3e-2, "rtol": 2e-2}
        torch.testing.assert_close(got, expected, **tolerance)


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
@pytest.mark.parametrize("columns", [1, 7, 15, 17, 31, 33, 50])
def test_dense_widths_need_not_divide(kind, columns):
    torch.manual_seed(0)
    w = weight(kind, 9, columns)
    for dtype, tolerance in [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)]:
        x = torch.randn(3, columns).to(dtype)
        torch.testing.assert_close(
            quantized_linear(x, w), quantized_linear.reference(x, w), atol=tolerance, rtol=tolerance
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_row_does_not_depend_on_its_neighbors_or_on_threads(kind, threads):
    torch.manual_seed(0)
    w = weight(kind, 100, 160, bias=True)
    x = torch.randn(70, 160)
    alone = torch.cat([quantized_linear(row[None], w) for row in x])
    with on_threads(threads):
        for count in (2, 3, 4, 5, 7, 8, 16, 23, 70):
            assert torch.equal(quantized_linear(x[:count], w), alone[:count]), count


def test_leading_dimensions_strides_and_empty_inputs():
    torch.manual_seed(0)
    w = weight("float32", 6, 32)
    x = torch.randn(2, 3, 64)
    torch.testing.assert_close(quantized_linear(x[..., :32], w), quantized_linear.reference(x[..., :32], w))
    columns = torch.randn(32, 5).T  # the inner stride is not 1
    torch.testing.assert_close(quantized_linear(columns, w), quantized_linear.reference(columns, w))
    assert quantized_linear(torch.empty(0, 32), w).shape == (0, 6)


def test_infinities_and_nans_reach_their_own_row_only():
    w = weight("q4_1", 16, 64)
    x = torch.randn(3, 64)
    x[1, 5] = float("nan")
    out = quantized_linear(x, w)
    assert out[1].isnan().all()
    assert out[[0, 2]].isfinite().all()


def test_gradients_take_the_reference():
    w = weight("float32", 4, 32)
    x = torch.randn(2, 32, requires_grad=True)
    quantized_linear(x, w).sum().backward()
    torch.testing.assert_close(x.grad, w.data.sum(0).expand(2, -1))


@pytest.mark.parametrize("kind", KINDS)
def test_embedding_reads_rows(kind):
    torch.manual_seed(0)
    w = weight(kind, 45, 64)
    tokens = torch.tensor([[0, 44, 17], [16, 15, 31]])
    for dtype in (torch.float32, torch.bfloat16):
        assert torch.equal(embedding(tokens, w, dtype), w.dense()[tokens].to(dtype))


@pytest.mark.parametrize("token", [-1, 45, 2**40])
def test_embedding_refuses_a_token_beyond_the_vocabulary(token):
    with pytest.raises(IndexError, match=r"1 token ids are outside 0 … 44"):
        embedding(torch.tensor([3, token]), weight("q8_0", 45, 64), torch.float32)
