"""The experts of every token in the cache, stored by page like its keys and values.

So sequences that share a page share its experts, and recomputing a page rewrites them. Training replays them
(:mod:`fathom.model.replay`).

    L layers with experts · P pages · S page size · K experts per token · T tokens of a sequence
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fathom.engine.cache import PagedCache, PagedContext
from fathom.engine.sequence import Sequence
from fathom.model.replay import record_routing, routers


class RoutingTrace:
    """A table over the pages of ``cache``; empty for a model without routers."""

    def __init__(self, model: object, cache: PagedCache) -> None:
        self.routers = routers(model)
        self._page_size = cache.page_size
        width = self.routers[0].config.experts_per_token if self.routers else 0
        shape = (len(self.routers), cache.num_pages * cache.page_size, width)
        self.table = torch.zeros(shape, dtype=torch.int16, device=cache.keys[0].device)

    def write(self, slots: Tensor, layer: int, experts: Tensor) -> None:
        """Store the experts (T, K) that layer ``layer`` chose for the tokens of ``slots`` (T)."""
        self.table[layer].index_copy_(0, slots, experts.to(torch.int16))

    def read(self, sequence: Sequence) -> npt.NDArray[np.int16] | None:
        """(L, T, K) of the tokens of ``sequence`` that are computed, while it holds its pages; None of no layers."""
        if not self.routers:
            return None
        positions = np.arange(sequence.computed)
        pages = np.asarray(sequence.pages, dtype=np.int64)[positions // self._page_size]
        slots = torch.from_numpy(pages * self._page_size + positions % self._page_size).to(self.table.device)
        experts: npt.NDArray[np.int16] = self.table[:, slots].cpu().numpy()
        return experts


@contextmanager
def trace_routing(trace: RoutingTrace | None, context: PagedContext) -> Iterator[None]:
    """Record the routing of the forward passes in ``context`` into ``trace``, where there is one."""
    if trace is None:
        yield
        return
    with record_routing(trace.routers, partial(trace.write, context.slots)):
        yield
