"""Root-mean-square normalization (Zhang and Sennrich, arXiv 1910.07467)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels import training_rows


class RMSNorm(nn.Module):
    """x / rms(x) · weight over the last dimension, whatever the leading ones; accumulates in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.shape = (size,)
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """The result is of ``dtype``; None: of x's."""
        dtype = dtype or x.dtype
        if self.weight.dtype == torch.float32 and training_rows.can_serve(x):
            return training_rows.norm(x, self.weight, self.eps, dtype)
        weight = self.weight.to(x.dtype)  # under autocast x may be bfloat16; unequal dtypes leave the fused path
        return F.rms_norm(x, self.shape, weight, self.eps).to(dtype)

    def extra_repr(self) -> str:
        return f"{self.shape[0]}, eps={self.eps:g}"


def product_dtype(x: Tensor) -> torch.dtype:
    """What products with x are computed in: that of autocast, or its own. A norm that rounds to it at once spares each
    of the products behind it a copy.
    """
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
