"""Which experts every token in the cache went to: kept page by page beside its keys and values.

So whatever shares a page, or computes it again, shares or rewrites this too. Learners repeat it
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


class Routes:
    """A table for the pages of ``cache``. Without routers in ``model`` it is empty and does nothing."""

    def __init__(self, model: object, cache: PagedCache) -> None:
        self.routers = routers(model)
        self._page_size = cache.page_size
        width = self.routers[0].config.experts_per_token if self.routers else 0
        shape = (len(self.routers), cache.num_pages * cache.page_size, width)
        self.table = torch.zeros(shape, dtype=torch.int16, device=cache.keys[0].device)

    def write(self, slots: Tensor, place: int, experts: Tensor) -> None:
        """Note the experts (T, K) that one layer chose for the tokens of ``slots`` (T)."""
        self.table[place].index_copy_(0, slots, experts.to(torch.int16))

    def of(self, sequence: Sequence) -> npt.NDArray[np.int16] | None:
        """(L, T, K) of the tokens of ``sequence`` that are computed, while it holds its pages; None of no layers."""
        if not self.routers:
            return None
        places = np.arange(sequence.computed)
        pages = np.asarray(sequence.pages, dtype=np.int64)[places // self._page_size]
        slots = torch.from_numpy(pages * self._page_size + places % self._page_size).to(self.table.device)
        found: npt.NDArray[np.int16] = self.table[:, slots].cpu().numpy()
        return found


@contextmanager
def listening(routes: Routes | None, context: PagedContext) -> Iterator[None]:
    """Within, what a model computes in ``context`` is noted in ``routes``, where there are some."""
    if routes is None:
        yield
        return
    with record_routing(routes.routers, partial(routes.write, context.slots)):
        yield
