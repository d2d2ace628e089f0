"""How this process shares its cores, said before torch is imported."""

from __future__ import annotations

import os


def serve_politely() -> None:
    """Let torch's OpenMP threads sleep between operations instead of spinning; a choice of the user's stands.

    They would hold the cores that our own kernels' threads need a moment later: decoding a small model loses a
    quarter of its speed to them. For processes that serve; training, which is all torch, is better off with spinning.
    OpenMP reads the variable when it is loaded, so this must come before the first ``import torch``.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
