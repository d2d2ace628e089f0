"""Recording and replaying of routing, so that two computations of a token send it to the same experts.

Which experts a token goes to is a choice among numbers, and where two of them are all but equal, rounding decides.
Reinforcement learning samples a token in one computation and learns from it in another; if they disagree there, the
token was not sampled by the policy that learns. Rollout Routing Replay (arXiv 2510.11370) keeps the choice and repeats
it, as `replay` does with the record of `record_routing`. The weights of the chosen experts remain the router's own.

    L layers with experts · N tokens · K experts per token
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from torch import Tensor

from fathom.model.router import Router, Routing
from fathom.model.transformer import Transformer


def routers(model: object) -> list[Router]:
    """The routers of the main layers, in order, without those of MTP modules; empty for a model of another class."""
    layers = model.layers.modules() if isinstance(model, Transformer) else ()
    return [part for part in layers if isinstance(part, Router)]


@contextmanager
def record_routing(routers: list[Router], write: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Within, ``write`` is called for each router with its index and the experts (N, K) of its tokens."""

    def record(place: int, _router: object, _inputs: object, routing: Routing) -> None:
        write(place, routing.experts)

    handles = [router.register_forward_hook(partial(record, place)) for place, router in enumerate(routers)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replay(model: object, experts: Tensor | None) -> Iterator[None]:
    """Within, tokens go to ``experts`` (L, N, K) int64, not where the routers would send them; None: no change."""
    if experts is None:
        yield
        return
    targets = routers(model)
    assert len(targets) == len(experts), "as many layers as there are routers"
    try:
        for router, given in zip(targets, experts, strict=True):
            router.given = given
        yield
    finally:
        for router in targets:
            router.given = None
