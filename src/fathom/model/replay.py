"""Routing that is heard or given: what lets two computations of one token send it to the same experts.

Which experts a token goes to is a choice among numbers, and where two of them are all but equal, rounding decides.
Reinforcement learning samples a token in one computation and learns from it in another; if they disagree there, the
token was not sampled by the policy that learns. Rollout Routing Replay (arXiv 2510.11370) keeps the choice and repeats
it, as `replay` does with what `record_routing` heard. The weights of the chosen experts remain the router's own.

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
    """Those that every token passes, in order: not those of the modules that look further ahead. None in a model that
    is not ours.
    """
    layers = model.layers.modules() if isinstance(model, Transformer) else ()
    return [part for part in layers if isinstance(part, Router)]


@contextmanager
def record_routing(routers: list[Router], write: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Within, ``write`` is told of each router, by its place, the experts (N, K) of its tokens."""

    def heard(place: int, _router: object, _inputs: object, routing: Routing) -> None:
        write(place, routing.experts)

    handles = [router.register_forward_hook(partial(heard, place)) for place, router in enumerate(routers)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replay(model: object, experts: Tensor | None) -> Iterator[None]:
    """Within, tokens go to ``experts`` (L, N, K) int64, whatever the routers would choose; None: where they choose."""
    if experts is None:
        yield
        return
    found = routers(model)
    assert len(found) == len(experts), "as many layers as there are routers"
    try:
        for router, given in zip(found, experts, strict=True):
            router.given = given
        yield
    finally:
        for router in found:
            router.given = None
