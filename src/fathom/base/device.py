"""Choice of device and dtype.

``auto`` has one rule, written once: bfloat16 where the hardware multiplies it natively, float32 elsewhere, because
emulated bfloat16 is slower than float32 on a processor without the instructions.
"""

from __future__ import annotations

import torch

from fathom.base import cpu
from fathom.base.errors import ConfigError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` takes CUDA where there is one. Raises ConfigError where it is missing."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"there is no device called {name!r}", "choose auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError("this machine has no CUDA device that torch can use", "choose --device cpu")
    return device


def pick_dtype(name: str, device: torch.device, processor: cpu.Cpu | None = None) -> torch.dtype:
    """The dtype of that name; ``auto`` follows the rule above. ``processor`` None is the one of this machine."""
    if name in DTYPES:
        return DTYPES[name]
    if name != "auto":
        raise ConfigError(f"there is no dtype called {name!r}", "choose float32, bfloat16 or auto")
    if device.type == "cuda":
        return torch.bfloat16
    return torch.bfloat16 if (processor or cpu.detect()).native_bfloat16 else torch.float32
