"""C++ kernels of ``fathom.kernels.cross_entropy``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu.rows import are_floats, flat, pointer, run
from fathom.kernels.registry import kernel


def _accepts(logits: Tensor, targets: Tensor) -> bool:
    return are_floats(logits)


@kernel(_accepts)
def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    result: Tensor = _CrossEntropy.apply(logits, targets)
    return result


def _accepts_softmax(logits: Tensor, targets: Tensor, **_: Any) -> bool:
    return are_floats(logits) and logits.stride(1) == 1


@kernel(_accepts_softmax)
def softmax_(
    logits: Tensor, targets: Tensor, *, temperature: float = 1.0, target_offset: float = 0.0, entropy: bool = False
) -> tuple[Tensor, Tensor]:
    logprobs, entropies = torch.empty(len(logits)), torch.empty(len(logits) if entropy else 0)
    wanted = pointer(entropies) if entropy else None
    targets = targets.contiguous()
    run("softmax", logits, pointer(targets), pointer(logprobs), wanted, *logits.shape, 1 / temperature, target_offset)
    return logprobs, entropies


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        logits = flat(logits)
        scale, loss = torch.empty(len(logits)), torch.empty(len(logits))
        run("cross_entropy", logits, pointer(targets), pointer(scale), pointer(loss), *logits.shape)
        ctx.save_for_backward(logits, targets, scale)
        return loss.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor) -> tuple[Tensor, None]:
        logits, targets, scale = ctx.saved_tensors
        d_logits = logits.new_empty(logits.shape)
        pointers = pointer(targets), pointer(scale)
        run("cross_entropy_backward", logits, *pointers, d_logits, d_loss.item(), *logits.shape)
        return d_logits, None
