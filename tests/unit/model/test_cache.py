from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from fathom.base.errors import ConfigError, RequestError
from fathom.model.cache import ContiguousCache
from fathom.model.init import initialize
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer

NAMES = [name for name in PRESETS if name.startswith("tiny-")]
LENGTH = 20


def build(name: str) -> Transformer:
    model = Transformer(PRESETS[name])
    initialize(model, 0.1, torch.Generator().manual_seed(0))
    return model


def ids(batch: int = 2) -> Tensor:
    return torch.randint(512, (batch, LENGTH), generator=torch.Generator().manual_seed(1))


def stepwise(model: Transformer, tokens: Tensor, cache: ContiguousCache, sizes: list[int]) -> Tensor:
    outputs, start = [], cache.length
    for size in sizes:
        positions = torch.arange(start, start + size)[None]
        outputs.append(model(tokens[:, start : start + size], positions, cache))
        start += size
    return torch.cat(outputs, 1)


@torch.no_grad()
@pytest.mark.parametrize("absorbed", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_decoding_equals_one_forward(name: str, absorbed: bool) -> None:
    model, tokens = build(name), ids()
    cache = ContiguousCache(model.cache_specs(absorbed), 2, LENGTH, absorbed=absorbed)
    out = stepwise(model, tokens, cache, [7] + [1] * 13)
    torch.testing.assert_close(out, model(tokens), atol=1e-4, rtol=1e-4)
    assert cache.length == LENGTH


@torch.no_grad()
@settings(deadline=None, max_examples=15)
@given(cuts=st.sets(st.integers(1, LENGTH - 1)), name=st.sampled_from(["tiny-deepseek-v3", "tiny-qwen3"]))
def test_any_chunking_equals_one_forward(cuts: set[int], name: str) -> None:
    model, tokens = build(name), ids(1)
    edges = [0, *sorted(cuts), LENGTH]
    sizes = [after - before for before, after in pairwise(edges)]
    cache = ContiguousCache(model.cache_specs(), 1, LENGTH)
    torch.testing.assert_close(stepwise(model, tokens, cache, sizes), model(tokens), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_crop_forgets() -> None:
    model, tokens = build("tiny-deepseek-v3"), ids(1)
    cache = ContiguousCache(model.cache_specs(), 1, LENGTH)
    wrong = (tokens + 1) % 512
    stepwise(model, torch.cat((tokens[:, :8], wrong[:, 8:]), 1), cache, [8, 4])
    cache.crop(8)
    assert cache.length == 8
    out = stepwise(model, tokens, cache, [12])
    torch.testing.assert_close(out, model(tokens)[:, 8:], atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_overflow_is_refused_and_leaves_the_cache_as_it_was() -> None:
    model, tokens = build("tiny-llama"), ids(1)
    cache = ContiguousCache(model.cache_specs(), 1, 8)
    stepwise(model, tokens, cache, [7])
    with pytest.raises(RequestError, match="9 tokens exceed the cache of 8"):
        model(tokens[:, 7:9], torch.tensor([[7, 8]]), cache)
    assert cache.length == 7
    stepwise(model, tokens, cache, [1])


def test_positions_are_not_guessed() -> None:
    model = build("tiny-llama")
    cache = ContiguousCache(model.cache_specs(), 1, 8)
    with pytest.raises(ConfigError, match="positions are missing"):
        model(torch.zeros(1, 1, dtype=torch.long), context=cache)


@torch.no_grad()
def test_half_precision() -> None:
    model, tokens = build("tiny-deepseek-v2").bfloat16(), ids(1)
    cache = ContiguousCache(model.cache_specs(), 1, LENGTH, dtype=torch.bfloat16)
    out = stepwise(model, tokens, cache, [7] + [1] * 13)
    assert out.dtype == torch.bfloat16
    assert torch.isfinite(out).all()
