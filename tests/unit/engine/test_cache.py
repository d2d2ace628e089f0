from itertools import accumulate

import pytest
import torch

from fathom.engine.cache import PagedCache, PagedContext
from fathom.model.context import CacheSpec

SIZE = 4
DECODES = [5, 1, 12]  # lengths, the token at hand included
CHUNKS = [(3, 3), (2, 9), (5, 8)]  # (tokens at hand, length)
SPECS = {"gqa": CacheSpec(2, 8, 8), "mla": CacheSpec(1, 12, 8, value_in_key=True)}


def plain(q, k, v, scale):
    """The newest rows of one sequence over all of it: q (C, H, Dk), k (L, G, Dk), v (L, G, Dv)."""
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = torch.einsum("chd,lhd->hcl", q, k) * scale
    visible = torch.ones(len(q), len(k), dtype=torch.bool).tril(len(k) - len(q))
    return torch.einsum("hcl,lhd->chd", scores.masked_fill(~visible, float("-inf")).softmax(-1), v)


@pytest.mark.parametrize("kind", SPECS)
def test_a_ragged_step_equals_each_sequence_alone(kind):
    spec = SPECS[kind]
    generator = torch.Generator().manual_seed(0)
    sizes = [(1, length) for length in DECODES] + CHUNKS
    keys = [torch.randn(length, spec.num_kv_heads, spec.key_dim, generator=generator) for _, length in sizes]
    values = [
        k[..., : spec.value_dim]
        if spec.value_in_key
        else torch.randn(*k.shape[:2], spec.value_dim, generator=generator)
        for k in keys
    ]
    queries = [torch.randn(count, 4, spec.key_dim, generator=generator) for count, _ in sizes]

    cache = PagedCache([spec, spec], num_pages=32, page_size=SIZE, dtype=torch.float32, device=torch.device("cpu"))
    order = torch.randperm(32, generator=generator).tolist()
    tables = [[order.pop() for _ in range(-(-length // SIZE))] for _, length in sizes]
    slots = [
        [table[i // SIZE] * SIZE + i % SIZE for i in range(n)] for table, (_, n) in zip(tables, sizes, strict=True)
    ]
    for slot, k, v, (count, length) in zip(slots, keys, values, sizes, strict=True):
        cache.store(
            1, torch.tensor(slot[: length - count], dtype=torch.int64), k[: length - count], v[: length - count]
        )

    width = max(map(len, tables))
    counts = [count for count, _ in sizes]
    context = PagedContext(
        cache,
        slots=torch.tensor([s for slot, (count, n) in zip(slots, sizes, strict=True) for s in slot[n - count :]]),
        tables=torch.tensor([t + [0] * (width - len(t)) for t in tables], dtype=torch.int32),
        starts=torch.tensor([0, *accumulate(counts)], dtype=torch.int32),
        lengths=torch.tensor([length for _, length in sizes], dtype=torch.int32),
    )
    newest = [slice(length - count, length) for count, length in sizes]
    out = context.attend(
        1,
        torch.cat(queries)[None],
        torch.cat([k[rows] for k, rows in zip(keys, newest, strict=True)])[None],
        torch.cat([v[rows] for v, rows in zip(values, newest, strict=True)])[None],
        0.3,
    )
    expected = torch.cat([plain(q, k, v, 0.3) for q, k, v in zip(queries, keys, values, strict=True)])
    torch.testing.assert_close(out[0], expected, atol=1e-5, rtol=1e-5)
    assert not cache.keys[0].any()  # the other layer is untouched


def test_the_latent_is_stored_once():
    cache = PagedCache([SPECS["mla"]], num_pages=3, page_size=4, dtype=torch.bfloat16, device=torch.device("cpu"))
    assert cache.keys[0].shape == (3, 4, 1, 12)
    assert cache.values == [None]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_pages_start_as_zeros_on_a_cache_line(dtype):
    cache = PagedCache([SPECS["gqa"]], num_pages=5, page_size=4, dtype=dtype, device=torch.device("cpu"))
    for pages in (cache.keys[0], cache.values[0]):
        assert (pages.shape, pages.dtype, pages.any().item(), pages.data_ptr() % 64) == ((5, 4, 2, 8), dtype, False, 0)


def test_cleared_pages_hold_zeros_and_others_stay():
    cache = PagedCache([SPECS["gqa"]], num_pages=3, page_size=4, dtype=torch.float32, device=torch.device("cpu"))
    cache.keys[0].fill_(float("nan"))
    cache.values[0].fill_(1)
    cache.clear([0, 2])
    assert not cache.keys[0][[0, 2]].any()
    assert cache.keys[0][1].isnan().all()
    assert cache.values[0].sum((1, 2, 3)).tolist() == [0, 64, 0]
