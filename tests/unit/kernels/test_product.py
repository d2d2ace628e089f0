"""Our products beside torch's, in double precision."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fathom.kernels import product
from fathom.kernels.cpu import train_ops
from fathom.kernels.cpu.library import library

pytestmark = pytest.mark.skipif(library() is None, reason="no compiler")
sizes = st.one_of(st.integers(1, 40), st.sampled_from([95, 96, 97, 383, 384, 385, 800]))


def laid_out(rows, columns, layout, generator):
    """A matrix at random: row-major, transposed, or with room between its numbers."""
    if layout == "transposed":
        return torch.randn(columns, rows, generator=generator).t()
    if layout == "apart":
        return torch.randn(rows, 3 * columns, generator=generator)[:, 1::3]
    return torch.randn(rows, columns + 2, generator=generator)[:, 1:-1]


def ours(a, b, out, *, add=False, threads=2):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        train_ops.product(library(), a, b, out, add=add)
    finally:
        torch.set_num_threads(before)


layouts = st.sampled_from(["rows", "transposed", "apart"])


@given(sizes, sizes, sizes, layouts, layouts, st.booleans(), st.integers(1, 3), st.integers(0, 99))
def test_products_of_any_shape_and_layout(m, k, n, left, right, add, threads, seed):
    generator = torch.Generator().manual_seed(seed)
    a, b = laid_out(m, k, left, generator), laid_out(k, n, right, generator)
    room = torch.randn(m + 2, n + 2, generator=generator)
    before = room.clone()
    ours(a, b, room[1:-1, 1:-1], add=add, threads=threads)
    exact = a.double() @ b.double() + (before[1:-1, 1:-1].double() if add else 0)
    torch.testing.assert_close(room[1:-1, 1:-1].double(), exact, atol=2e-6 * k, rtol=1e-5)
    before[1:-1, 1:-1] = room[1:-1, 1:-1]
    assert room.equal(before)  # nothing was written beside the result


@pytest.mark.parametrize("layout", ["rows", "transposed"])
def test_a_row_is_the_same_alone_in_a_crowd_and_with_any_threads(layout):
    generator = torch.Generator().manual_seed(0)
    a, b = laid_out(203, 1000, layout, generator), laid_out(1000, 3100, "transposed", generator)
    results = []
    for threads in (1, 2, 3):
        out = torch.empty(203, 3100)
        ours(a, b, out, threads=threads)
        results.append(out)
    assert results[0].equal(results[1])
    assert results[0].equal(results[2])
    for row in (0, 95, 202):
        alone = torch.empty(1, 3100)
        ours(a[row : row + 1], b, alone)
        assert alone[0].equal(results[0][row])


@pytest.mark.parametrize("slow", [True, False], ids=["ours", "torch"])
def test_callers_need_not_know_whose_it_is(slow, monkeypatch):
    monkeypatch.setattr(product, "_slow_otherwise", lambda: slow)
    monkeypatch.setattr(product, "LEAST", 1)
    a, b, total = torch.randn(30, 20), torch.randn(20, 10), torch.randn(30, 10)
    assert product.served(a, b, total) is slow
    torch.testing.assert_close(product.mm(a, b), a @ b)
    torch.testing.assert_close(product.mm(a, b, out=torch.empty(30, 10)), a @ b)
    torch.testing.assert_close(product.add_mm(total.clone(), a, b), total + a @ b)


def test_what_is_no_float32_goes_to_torch():
    a, b = torch.randn(300, 300, dtype=torch.bfloat16), torch.randn(300, 300, dtype=torch.bfloat16)
    total = torch.zeros(300, 300)
    assert not product.served(a, b, total)
    torch.testing.assert_close(product.mm(a, b), a @ b)
    torch.testing.assert_close(product.add_mm(total, a, b), (a @ b).float())


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 60), st.integers(1, 3), st.integers(0, 99))
def test_quintic_iterations_are_those_of_the_formula(n, rows, more, threads, seed):
    x = torch.randn(n, rows, rows + more, generator=torch.Generator().manual_seed(seed))
    x /= torch.linalg.matrix_norm(x, keepdim=True)
    exact, (a, b, c) = x.double(), (3.4445, -4.7750, 2.0315)
    for _ in range(5):
        gram = exact @ exact.mT
        exact = a * exact + (b * gram + c * gram @ gram) @ exact
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        train_ops.muon(library(), x, 5, (a, b, c))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(x.double(), exact, atol=1e-4, rtol=1e-3)
