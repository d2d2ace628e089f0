"""The C++ attention: ragged batches over pages in any order, everything unwritten poisoned; causal, with gradients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pytest
import torch
from gradients import with_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from threads import on_threads
from torch import Tensor

from fathom.kernels.attention import VisibleSpans, causal_attention, paged_attention
from fathom.kernels.cpu.attention import MAX_LENGTH

pytestmark = pytest.mark.usefixtures("kernels")


class Arguments(NamedTuple):
    q: torch.Tensor
    k_pages: torch.Tensor
    v_pages: torch.Tensor | None
    block_tables: torch.Tensor
    query_starts: torch.Tensor
    context_lengths: torch.Tensor
    scale: float
    value_dim: int


@dataclass(frozen=True)
class Case:
    sequences: tuple[tuple[int, int], ...]  # (length, new tokens)
    groups: int = 2
    group_size: int = 3
    page_size: int = 4
    key_dim: int = 16
    value_dim: int = 16
    latent: bool = False
    dtype: torch.dtype = torch.float32
    cache_dtype: torch.dtype = torch.float32
    seed: int = 0


def build(case: Case) -> Arguments:
    generator = torch.Generator().manual_seed(case.seed)
    needed = [-(-length // case.page_size) for length, _ in case.sequences]
    order = torch.randperm(sum(needed) + 2, generator=generator).tolist()
    shape = (len(order), case.page_size, case.groups)
    k = torch.full((*shape, case.key_dim), float("nan"))
    v = torch.full((*shape, case.value_dim), float("nan"))
    tables = torch.full((len(needed), max(needed) + 1), -1, dtype=torch.int32)
    for b, (length, _) in enumerate(case.sequences):
        pages = [order.pop() for _ in range(needed[b])]
        tables[b, : needed[b]] = torch.tensor(pages)
        for position in range(length):
            place = pages[position // case.page_size], position % case.page_size
            k[place] = torch.randn(case.groups, case.key_dim, generator=generator)
            v[place] = torch.randn(case.groups, case.value_dim, generator=generator)
    starts = torch.tensor([0, *(count for _, count in case.sequences)]).cumsum(0).int()
    rows = int(starts[-1]) + 2  # two rows belong to nobody
    q = torch.randn(rows, case.groups * case.group_size, case.key_dim, generator=generator)
    return Arguments(
        q.to(case.dtype),
        k.to(case.cache_dtype),
        None if case.latent else v.to(case.cache_dtype),
        tables,
        starts,
        torch.tensor([length for length, _ in case.sequences], dtype=torch.int32),
        case.key_dim**-0.5,
        case.value_dim,
    )


def call(function, arguments: Arguments) -> torch.Tensor:
    return function(*arguments)


def check(case: Case) -> None:
    attention = build(case)
    got, expected = call(paged_attention, attention), call(paged_attention.reference, attention)
    tolerance = 1e-5 if case.dtype == torch.float32 else 2e-2
    torch.testing.assert_close(got, expected, atol=tolerance, rtol=tolerance)
    assert got[int(attention.query_starts[-1]) :].eq(0).all()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lengths = draw(st.lists(st.integers(1, 150), min_size=1, max_size=4))
    sequences = tuple((length, draw(st.integers(0, length))) for length in lengths)
    latent = draw(st.booleans())
    key_dim = draw(st.integers(1, 40))
    dtype = draw(st.sampled_from([torch.float32, torch.bfloat16]))
    return Case(
        sequences,
        groups=draw(st.integers(1, 3)),
        group_size=draw(st.integers(1, 5)),
        page_size=draw(st.sampled_from([1, 3, 16, 200])),
        key_dim=key_dim,
        value_dim=draw(st.integers(1, key_dim if latent else 40)),
        latent=latent,
        dtype=dtype,
        cache_dtype=draw(st.sampled_from([dtype, torch.float32])),
        seed=draw(st.integers(0, 1000)),
    )


@settings(max_examples=60, deadline=None)
@given(cases())
def test_any_ragged_batch_equals_the_specification(case):
    check(case)


@pytest.mark.parametrize(
    "case",
    [
        Case(((1, 1),)),
        Case(((128, 1), (129, 1), (127, 1), (256, 1), (300, 1)), page_size=16, key_dim=64, value_dim=64),
        Case(((300, 300),), groups=3, page_size=16, key_dim=64, value_dim=64),
        Case(((300, 129), (5, 0), (400, 1)), groups=1, group_size=9, key_dim=64, value_dim=64),
        Case(((140, 1), (140, 20)), groups=1, group_size=128, key_dim=576, value_dim=512, latent=True),
        Case(((200, 1), (90, 90)), key_dim=192, value_dim=128, dtype=torch.bfloat16, cache_dtype=torch.bfloat16),
    ],
    ids=["one token", "block borders", "prefill", "chunk beside decode", "latent of DeepSeek-V3", "wide bfloat16"],
)
def test_shapes_of_real_models(case):
    check(case)


def test_a_prompt_gives_the_same_whatever_its_chunks():
    """Queries 2 at a time, 60 at a time, or all at once: bit for bit."""
    whole = build(Case(((300, 300),), page_size=16, key_dim=64, value_dim=64))
    expected = call(paged_attention, whole)
    for size in (2, 60, 150):
        parts = []
        for start in range(0, 300, size):
            chunk = Arguments(
                whole.q[start : start + size],
                whole.k_pages,
                whole.v_pages,
                whole.block_tables,
                torch.tensor([0, size], dtype=torch.int32),
                torch.tensor([start + size], dtype=torch.int32),
                whole.scale,
                whole.value_dim,
            )
            parts.append(call(paged_attention, chunk))
        assert torch.equal(torch.cat(parts), expected[:300]), size


def test_a_sequence_gives_the_same_alone_and_in_company():
    case = Case(((260, 1), (33, 1), (200, 40)), page_size=16, key_dim=64, value_dim=64)
    together = build(case)
    expected = call(paged_attention, together)
    for b in range(3):
        start, stop = together.query_starts[b : b + 2].tolist()
        alone = Arguments(
            together.q[start:stop],
            together.k_pages,
            together.v_pages,
            together.block_tables[b : b + 1],
            torch.tensor([0, stop - start], dtype=torch.int32),
            together.context_lengths[b : b + 1],
            together.scale,
            together.value_dim,
        )
        assert torch.equal(call(paged_attention, alone), expected[start:stop])


def test_pages_may_be_views_of_a_larger_cache():
    attention = build(Case(((40, 5),)))
    both = torch.stack((attention.k_pages, attention.v_pages), 2)  # (P, S, 2, G, D)
    views = Arguments(
        attention.q,
        both[:, :, 0],
        both[:, :, 1],
        attention.block_tables,
        attention.query_starts,
        attention.context_lengths,
        attention.scale,
        attention.value_dim,
    )
    assert torch.equal(call(paged_attention, views), call(paged_attention, attention))


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


def run_kernel(q, k, v, first=None):
    return causal_attention(q, k, v, SCALE, None if first is None else VisibleSpans(first))


def tensors(batch, length, heads, groups, key, value, dtype=torch.float32):
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
    given = tensors(*shape, dtype)
    found = with_gradients(partial(run_kernel, first=first), given)
    wanted = with_gradients(partial(plain, first=first), [x.double() for x in given])
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.double(), other, rtol=tolerance, atol=tolerance)


def test_views_are_read_where_they_lie():
    q, k, v = tensors(2, 20, 2, 2, 16, 8)
    joined = torch.cat((k, v), -1)
    views = q.transpose(1, 2).contiguous().transpose(1, 2), joined[..., :16], joined[..., 16:]
    for one, other in zip(with_gradients(run_kernel, views), with_gradients(run_kernel, (q, k, v)), strict=True):
        assert torch.equal(one, other)


def test_a_mask_hides_completely():
    q, k, v = tensors(1, 12, 1, 1, 8, 8)
    first = torch.tensor([[0] * 6 + [6] * 6], dtype=torch.int32)
    k.requires_grad_()
    v.requires_grad_()
    run_kernel(q, k, v, first)[:, 6:].sum().backward()
    assert k.grad is not None
    assert v.grad is not None
    assert k.grad[:, :6].tolist() == torch.zeros(1, 6, 1, 8).tolist()
    assert v.grad[:, :6].tolist() == torch.zeros(1, 6, 1, 8).tolist()


def test_results_do_not_depend_on_threads():
    given = tensors(5, 33, 4, 2, 16, 16)
    found = []
    for count in (1, 2, 3):
        with on_threads(count):
            found.append(with_gradients(run_kernel, given))
    for one in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(one, found[0], strict=True))


def test_long_rows_and_other_types_are_left_to_torch():
    q = torch.zeros(1, MAX_LENGTH + 1, 1, 4)
    assert causal_attention.select(q, q, q, SCALE) is None
    assert causal_attention.select(*tensors(1, 4, 1, 1, 4, 4, torch.float64), SCALE) is None
    assert causal_attention.select(*tensors(1, 4, 1, 1, 4, 4), SCALE) is not None
