"""The C++ products beside torch's in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from threads import on_threads

from fathom.kernels import matmul
from fathom.kernels.cpu import matmul as kernels
from fathom.kernels.implementations import BFLOAT16, CPP, Implementation
from fathom.kernels.registry import additional, reference_only

pytestmark = pytest.mark.usefixtures("kernels")
sizes = st.one_of(st.integers(1, 40), st.sampled_from([95, 96, 97, 383, 384, 385, 800]))


def laid_out(rows, columns, layout, generator):
    """A matrix at random: row-major, transposed, or with room between its numbers."""
    if layout == "transposed":
        return torch.randn(columns, rows, generator=generator).t()
    if layout == "apart":
        return torch.randn(rows, 3 * columns, generator=generator)[:, 1::3]
    return torch.randn(rows, columns + 2, generator=generator)[:, 1:-1]


def ours(a, b, out, *, add=False, threads=2):
    with on_threads(threads):
        kernels.matmul_into(out, a, b, add=add)


layouts = st.sampled_from(["rows", "transposed", "apart"])


@given(sizes, sizes, sizes, layouts, layouts, st.booleans(), st.booleans(), st.integers(1, 3), st.integers(0, 99))
def test_products_of_any_shape_and_layout(m, k, n, left, right, turned, add, threads, seed):
    generator = torch.Generator().manual_seed(seed)
    a, b = laid_out(m, k, left, generator), laid_out(k, n, right, generator)
    room = (
        torch.randn(n + 2, m + 2, generator=generator).t() if turned else torch.randn(m + 2, n + 2, generator=generator)
    )
    before = room.clone()
    ours(a, b, room[1:-1, 1:-1], add=add, threads=threads)
    exact = a.double() @ b.double() + (before[1:-1, 1:-1].double() if add else 0)
    torch.testing.assert_close(room[1:-1, 1:-1].double(), exact, atol=2e-6 * k, rtol=1e-5)
    before[1:-1, 1:-1] = room[1:-1, 1:-1]
    assert room.equal(before)  # nothing was written beside the result


@pytest.mark.parametrize("layout", ["rows", "transposed"])
def test_a_row_does_not_depend_on_other_rows_or_threads(layout):
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


@pytest.fixture(params=[True, False], ids=["ours", "torch"])
def slow(request, monkeypatch):
    """Whether torch's products count as slow, so that the C++ kernels are used, whatever the size."""
    monkeypatch.setattr(kernels, "_torch_is_slow", lambda _transposed: request.param)
    monkeypatch.setattr(kernels, "MIN_MULTIPLICATIONS", 1)
    return request.param


def test_results_are_the_same_with_either_implementation(slow):
    a, b, total = torch.randn(30, 20), torch.randn(20, 100), torch.randn(30, 100)
    assert (matmul.mm.select(a, b, out=total) is not None) is slow
    torch.testing.assert_close(matmul.mm(a, b), a @ b)
    torch.testing.assert_close(matmul.mm(a, b, out=torch.empty(30, 100)), a @ b)
    torch.testing.assert_close(matmul.add_mm(total.clone(), a, b), total + a @ b)


@pytest.mark.parametrize("rows", [(5, 8), (3, 50), (3, 4)], ids=["few", "many", "too few for ours"])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_and_its_gradients(slow, rows, bias):
    x, weight = torch.randn(*rows, 20, requires_grad=True), torch.randn(60, 20, requires_grad=True)
    inputs = (x, weight, torch.randn(60, requires_grad=True)) if bias else (x, weight)
    out = matmul.linear(*inputs)
    assert (matmul.linear.select(x, weight) is not None) is (slow and rows != (3, 4))
    exact = torch.nn.functional.linear(*(tensor.double() for tensor in inputs))
    torch.testing.assert_close(out.double(), exact, atol=1e-5, rtol=1e-5)
    weights = torch.randn(*rows, 60)
    gradients = torch.autograd.grad((out * weights).sum(), inputs)
    for found, wanted in zip(gradients, torch.autograd.grad((exact * weights).sum(), inputs), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-5)
    with torch.no_grad():
        assert matmul.linear(*inputs).equal(out)  # what a layer says does not depend on whether it learns


def test_a_linear_layer_computes_only_the_needed_gradients(slow):
    x, weight = torch.randn(40, 20), torch.randn(60, 20, requires_grad=True)
    matmul.linear(x, weight).sum().backward()
    torch.testing.assert_close(weight.grad, x.sum(0).expand(60, 20), atol=1e-4, rtol=1e-5)
    frozen, moved = weight.detach(), x.clone().requires_grad_()
    matmul.linear(moved, frozen).sum().backward()
    torch.testing.assert_close(moved.grad, frozen.sum(0).expand(40, 20), atol=1e-4, rtol=1e-5)


def test_autocast_decides_the_dtype(slow):
    x, weight = torch.randn(40, 20), torch.randn(60, 20)
    with torch.autocast("cpu", torch.bfloat16):
        assert matmul.linear(x, weight).dtype == torch.bfloat16


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("counts", [[7, 0, 40, 1, 0], [0, 3] * 8, [48]], ids=str)
def test_groups_of_rows_each_with_its_matrix(slow, counts, threads):
    rows, right, matrices = torch.randn(sum(counts), 33), torch.randn(sum(counts), 20), torch.randn(len(counts), 20, 33)
    with on_threads(threads):
        out = matmul.grouped_mm(rows, matrices.mT, counts)
        outer = matmul.grouped_outer(rows, right, counts)
    parts = rows.split(counts)
    torch.testing.assert_close(out, torch.cat([part @ m.t() for part, m in zip(parts, matrices, strict=True)]))
    pairs = zip(parts, right.split(counts), strict=True)
    torch.testing.assert_close(outer, torch.stack([a.t() @ b for a, b in pairs]), atol=1e-5, rtol=1e-5)


@given(
    st.lists(st.one_of(st.integers(0, 30), st.sampled_from([97, 800])), min_size=1, max_size=9),
    sizes,
    sizes,
    layouts,
    layouts,
    st.sampled_from([torch.float32, torch.bfloat16]),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_groups_of_bfloat16_in_any_shape_and_layout(counts, k, n, left, right, dtype, threads, seed):
    """Sums are those of float32, and rounded once."""
    generator = torch.Generator().manual_seed(seed)
    total, groups = sum(counts), len(counts)
    rows = laid_out(total, k, left, generator).bfloat16()
    matrices = torch.randn(groups, n, k, generator=generator).bfloat16()
    matrices = matrices.mT if right == "rows" else matrices.mT.contiguous()
    other = laid_out(total, n, right, generator).bfloat16()
    out, outer = torch.empty(total, n, dtype=dtype), torch.empty(groups, k, n, dtype=dtype)
    with on_threads(threads):
        groups_of = kernels.token_groups
        kernels.grouped_matmul_into(groups_of(out), groups_of(rows), kernels.matrix_groups(matrices), counts, -1, k, n)
        left_t, right_rows = groups_of(rows, transposed=True), groups_of(other)
        kernels.grouped_matmul_into(kernels.matrix_groups(outer), left_t, right_rows, counts, k, -1, n)
    parts = rows.double().split(counts)
    exact = torch.cat([part @ matrix for part, matrix in zip(parts, matrices.double(), strict=True)])
    found = torch.stack([a.t() @ b for a, b in zip(parts, other.double().split(counts), strict=True)])
    coarse = 1e-2 if dtype == torch.bfloat16 else 1e-5
    torch.testing.assert_close(out.double(), exact, atol=2e-6 * k + coarse, rtol=coarse)
    torch.testing.assert_close(outer.double(), found, atol=2e-6 * max(counts) + coarse, rtol=coarse)


@pytest.mark.parametrize("ours", [True, False])
def test_groups_of_bfloat16_and_their_float32_outer_products(ours):
    names = ("matmul.grouped_mm", "matmul.grouped_outer")
    rows_of_table = [Implementation(name, CPP, BFLOAT16) for name in names]
    counts, rows = [7, 0, 41], torch.randn(48, 33).bfloat16()
    matrices, right = torch.randn(3, 20, 33).bfloat16(), torch.randn(48, 20).bfloat16()
    with additional(*rows_of_table) if ours else reference_only():
        assert (matmul.grouped_mm.select(rows, matrices.mT, counts) is not None) is ours
        out, outer = matmul.grouped_mm(rows, matrices.mT, counts), matmul.grouped_outer(rows, right, counts)
    assert out.dtype == torch.bfloat16
    assert outer.dtype == torch.float32
    parts = rows.float().split(counts)
    exact = torch.cat([part @ m.t() for part, m in zip(parts, matrices.float(), strict=True)])
    torch.testing.assert_close(out.float(), exact, atol=0.05, rtol=0.01)
    found = torch.stack([a.t() @ b for a, b in zip(parts, right.float().split(counts), strict=True)])
    torch.testing.assert_close(outer, found, atol=0.05, rtol=0.01)


def test_other_dtypes_go_to_torch():
    a, b = torch.randn(300, 300, dtype=torch.bfloat16), torch.randn(300, 300, dtype=torch.bfloat16)
    total = torch.zeros(300, 300)
    assert matmul.mm.select(a, b, out=total) is None
    torch.testing.assert_close(matmul.mm(a, b), a @ b)
    torch.testing.assert_close(matmul.add_mm(total, a, b), (a @ b).float())


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 60), st.integers(1, 3), st.integers(0, 99))
def test_newton_schulz_equals_the_formula(n, rows, more, threads, seed):
    x = torch.randn(n, rows, rows + more, generator=torch.Generator().manual_seed(seed))
    x /= torch.linalg.matrix_norm(x, keepdim=True)
    exact, (a, b, c) = x.double(), (3.4445, -4.7750, 2.0315)
    for _ in range(5):
        gram = exact @ exact.mT
        exact = a * exact + (b * gram + c * gram @ gram) @ exact
    with on_threads(threads):
        kernels.newton_schulz(x, 5, (a, b, c))
    torch.testing.assert_close(x.double(), exact, atol=1e-4, rtol=1e-3)
