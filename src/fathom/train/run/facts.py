"""Description of a run in ``run.json``: configuration, model, machine, versions, and the peak that utilization refers
to.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from typing import Any

import torch

import fathom
from fathom.base import cpu
from fathom.base.device import pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.model import counts
from fathom.model.transformer import Transformer
from fathom.train.run.config import RunConfig


def run_facts(config: RunConfig, model: Transformer, world: World = ALONE) -> dict[str, Any]:
    """The description of every run: its configuration, the model, the machine, versions."""
    size = counts.count(model.config)
    device = next(model.parameters()).device
    precision = pick_dtype(config.precision, device)
    return {
        "stage": config.stage,
        "name": config.name,
        "config": config.model_dump(mode="json"),
        "model": model.config.model_dump(mode="json"),
        "parameters": size.parameters,
        "active_parameters": size.active_parameters,
        "mtp_parameters": size.mtp_parameters,
        "precision": str(precision).removeprefix("torch."),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu.detect().name,
        "threads": torch.get_num_threads(),
        "ranks": world.size,
        "peak_flops": peak_flops(device, precision) * world.size,
        "versions": {"fathom": fathom.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }


def peak_flops(device: torch.device, dtype: torch.dtype, clock: Callable[[], float] = time.perf_counter) -> float:
    """Operations a second of a large square product in ``dtype``, the best of a few; takes about 0.1 s. Measured,
    because no data sheet knows a shared machine with two cores.
    """
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
