"""How fast this machine multiplies matrices: what FLOP utilization is a share of.

Measured, not looked up: no data sheet knows a shared machine with two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch


def peak_flops(device: torch.device, dtype: torch.dtype, clock: Callable[[], float] = time.perf_counter) -> float:
    """Operations a second of a large square product in ``dtype``, the best of a few; takes about 0.1 s."""
    size = 4096 if device.type == "cuda" else 512
    own = torch.Generator(device).manual_seed(0)  # the run's generators are not touched
    a = torch.randn(size, size, device=device, generator=own).to(dtype)
    best = float("inf")
    for _ in range(5):
        start = clock()
        a @ a
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, clock() - start)
    return 2.0 * size**3 / max(best, 1e-9)
