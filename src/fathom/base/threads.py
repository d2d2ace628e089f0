"""Settings of OpenMP threads and the heap that have to be made before torch is imported."""

from __future__ import annotations

import os

from fathom.base.memory import share_one_heap


def configure_serving_threads() -> None:
    """Let torch's OpenMP threads sleep between operations instead of spinning; the user's own setting is kept.

    They would hold the cores that our own kernels' threads need a moment later. For processes that serve; training,
    which is all torch, is better off with spinning. OpenMP reads the variable when it is loaded, so this must come
    before the first ``import torch``. Threads also share one heap: the one that loads and the one that computes would
    else hold twice the memory.
    """
    share_one_heap()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
