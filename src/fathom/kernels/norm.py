"""Root-mean-square normalization (Zhang and Sennrich, arXiv 1910.07467)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.registry import operation


@operation()
def rms_norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
    """x (…, D) / rms(x) · weight (D), in ``dtype``; accumulates in float32."""
    weight = weight.to(x.dtype)  # under autocast x may be bfloat16; unequal dtypes leave the fused path
    return F.rms_norm(x, weight.shape, weight, eps).to(dtype)
