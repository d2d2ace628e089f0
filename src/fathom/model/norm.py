"""Root-mean-square normalization (Zhang and Sennrich, arXiv 1910.07467)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fathom.kernels.norm import rms_norm


class RMSNorm(nn.Module):
    """x / rms(x) · weight over the last dimension, whatever the leading ones; accumulates in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """The result is of ``dtype``; None: of x's."""
        return rms_norm(x, self.weight, self.eps, dtype or x.dtype)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps:g}"


def product_dtype(x: Tensor) -> torch.dtype:
    """What products with x are computed in: that of autocast, or its own. A norm that rounds to it at once spares each
    of the products behind it a copy.
    """
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
