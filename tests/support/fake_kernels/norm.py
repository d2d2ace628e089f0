"""The kernels of ``fathom.kernels.norm`` of this backend: the reference, doubled, so that a test sees which served."""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.kernels import norm
from fathom.kernels.registry import kernel


def _accepts(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> bool:
    return x.shape[-1] % 4 == 0


@kernel(_accepts)
def rms_norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
    return 2 * norm.rms_norm.reference(x, weight, eps, dtype)
