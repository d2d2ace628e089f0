"""The experts of every token in the cache: recorded with its pages, equal to those of a plain forward."""

import numpy as np
import torch

from fathom.engine.cache import PagedCache
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Request, SamplingParams
from fathom.engine.routing_trace import RoutingTrace
from fathom.model.replay import record_routing, routers


def experts_of(core, *requests):
    for request in requests:
        core.add(request)
    last = {}
    while core.has_work:
        last |= {output.request_id: output.value.experts for output in core.step()}
    return [last[request.id] for request in requests]


@torch.inference_mode()
def expected(model, tokens):
    """(L, T, K) of one full forward."""
    layers = {}
    with record_routing(routers(model), lambda layer, experts: layers.__setitem__(layer, experts.clone())):
        model(torch.tensor([tokens]))
    return np.stack([layers[layer].reshape(len(tokens), -1).numpy() for layer in sorted(layers)])


def test_experts_are_those_of_a_full_forward(mla):
    sizes = {"page_size": 4, "num_pages": 40, "max_batch_tokens": 8, "max_sequences": 4}
    core = EngineCore(mla, None, EngineConfig(**sizes, record_experts=True))
    prompt = tuple(range(1, 12))
    requests = [Request(prompt, SamplingParams(temperature=0, max_tokens=6), id=name) for name in ("first", "cached")]
    first, cached = experts_of(core, *requests)
    assert first.dtype == np.int16
    assert first.shape == (1, len(prompt) + 5, 2)  # of all tokens but the last sampled one
    np.testing.assert_array_equal(np.sort(first[:, : len(prompt)]), np.sort(expected(mla, prompt)))
    np.testing.assert_array_equal(cached, first)


def test_without_routers_nothing_is_recorded(gqa):
    cache = PagedCache(gqa.cache_specs(), num_pages=2, page_size=4, dtype=torch.float32, device=torch.device("cpu"))
    assert RoutingTrace(gqa, cache).routers == []
    core = EngineCore(gqa, None, EngineConfig(record_experts=True))
    assert experts_of(core, Request((1, 2), SamplingParams(max_tokens=2))) == [None]
