"""Muon: momentum whose matrices are orthogonalized (Jordan et al., 2024, kellerjordan.github.io/posts/muon).

An update M = U S Vᵀ becomes nearly U Vᵀ: every direction moves equally far, rare ones too. The polar factor comes from
five quintic Newton-Schulz iterations, products only, tolerant of bfloat16; an SVD costs tens of times as much.

Rates are scaled by 0.2·√max(O, I), which gives updates the root mean square of AdamW's, so that one learning rate and
one weight decay serve both (Moonlight, arXiv 2502.16982, eq. 4). Jordan's own √max(1, O/I) was refused: it asks for a
second rate to tune.

torch.optim.Muon takes 2-D parameters one by one. Here a stack of experts (E, O, I) is E matrices, and all matrices of
one shape in the model, transposed where that helps, go through the iterations as one batched product: small models
have many small matrices, and would wait for the dispatcher.

    O outputs · I inputs of a matrix · n matrices in a batch
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from fathom.base.errors import ConfigError
from fathom.kernels.matmul import newton_schulz
from fathom.optim.config import MuonConfig
from fathom.optim.groups import Named

QUINTIC = (3.4445, -4.7750, 2.0315)
"""a, b, c of p(s) = a·s + b·s³ + c·s⁵: steepest at 0 among those that keep singular values within about [0.7, 1.2]."""
TINY = 1e-12
"""Below this norm a matrix counts as zero: an expert that no token chose."""


def orthogonalize(matrices: Tensor, iterations: int = 5, dtype: torch.dtype = torch.float32) -> Tensor:
    """(…, O, I), O ≤ I, to nearly U Vᵀ of each, in ``dtype``; a zero matrix stays zero."""
    norms = torch.linalg.vector_norm(matrices, dim=(-2, -1), keepdim=True, dtype=torch.float32)
    x = (matrices / norms.clamp(min=TINY)).to(dtype).view(-1, *matrices.shape[-2:])  # (n, O, I), singular values ≤ 1
    return newton_schulz(x, iterations, QUINTIC).view(matrices.shape)


def scale(rows: int, columns: int) -> float:
    """What an orthogonal update is multiplied with to have AdamW's root mean square, about 0.2."""
    return 0.2 * max(rows, columns) ** 0.5


class Muon(torch.optim.Optimizer):
    """Moves parameters of two dimensions (O, I), or three (n, O, I). Weight decay is decoupled, as in AdamW."""

    def __init__(self, named: Iterable[Named], config: MuonConfig, dtype: torch.dtype = torch.float32) -> None:
        """``dtype`` is that of the iterations."""
        params = list(named)
        flat = [name for name, parameter in params if parameter.dim() not in (2, 3)]
        if flat:
            raise ConfigError(f"Muon moves matrices, and {', '.join(flat)} are none", "give them to AdamW")
        self.dtype = dtype
        super().__init__(
            [{"params": params, "base_lr": config.lr}],
            {
                "lr": config.lr,
                "momentum": config.momentum,
                "nesterov": config.nesterov,
                "iterations": config.iterations,
                "weight_decay": config.weight_decay,
            },
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One update. Parameters without a gradient stay as they are, undecayed."""
        if closure is not None:
            raise ConfigError("Muon evaluates no closure", "compute the gradient first")
        for group in self.param_groups:
            self._step(group)

    def _step(self, group: dict[str, Any]) -> None:
        params = [parameter for parameter in group["params"] if parameter.grad is not None]
        if not params:
            return
        updates = self._momentum(params, group["momentum"], nesterov=group["nesterov"])
        if group["weight_decay"]:
            torch._foreach_mul_(params, 1.0 - group["lr"] * group["weight_decay"])
        for shape, members in _by_shape(params).items():
            batch = torch.cat([_wide(updates[index]) for index in members])  # (n, O, I), O ≤ I
            moved = orthogonalize(batch, group["iterations"], self.dtype)
            sizes = [params[index].shape[0] if params[index].dim() == 3 else 1 for index in members]
            for index, part in zip(members, moved.split(sizes), strict=True):
                parameter = params[index]
                turned = part.mT if parameter.shape[-2] > parameter.shape[-1] else part
                parameter.add_(turned.reshape(parameter.shape), alpha=-group["lr"] * scale(*shape))

    def _momentum(self, params: list[Tensor], decay: float, *, nesterov: bool) -> list[Tensor]:
        gradients = [parameter.grad for parameter in params if parameter.grad is not None]
        for parameter in params:
            if not self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(parameter)
        buffers = [self.state[parameter]["momentum"] for parameter in params]
        torch._foreach_lerp_(buffers, gradients, 1.0 - decay)
        return list(torch._foreach_lerp(gradients, buffers, decay)) if nesterov else buffers


def _by_shape(params: list[Tensor]) -> dict[tuple[int, int], list[int]]:
    """Indices of parameters whose matrices have the same shape, wide side last."""
    groups: dict[tuple[int, int], list[int]] = {}
    for index, parameter in enumerate(params):
        rows, columns = sorted(parameter.shape[-2:])
        groups.setdefault((rows, columns), []).append(index)
    return groups


def _wide(update: Tensor) -> Tensor:
    """(O, I) or (n, O, I) → (n, short side, long side)."""
    stack = update if update.dim() == 3 else update[None]
    return stack.mT if stack.shape[-2] > stack.shape[-1] else stack
