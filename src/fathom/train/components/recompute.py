"""Activation recomputation (checkpointing): less memory for more time.

V3 recomputes its norms and MLA's up-projections (section 3.2.3), whose inputs are small and whose outputs are not.
``norms`` does that; ``blocks`` keeps nothing but the input of each layer, at the price of about one more forward pass.
Applied from outside: the model's code is unchanged. The same numbers come out, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from torch import nn
from torch.utils.checkpoint import checkpoint

from fathom.model.decoder_layer import DecoderLayer
from fathom.model.mla import MLAttention
from fathom.model.modules import RMSNorm

Recompute = Literal["none", "norms", "blocks"]


def recompute(model: nn.Module, what: Recompute) -> int:
    """Have parts of ``model`` recompute themselves while it trains; how many there are."""
    parts = _parts(model, what)
    for part in parts:
        part.forward = _again(part.forward)
    return len(parts)


def undo_recompute(model: nn.Module) -> None:
    """Undo :func:`recompute`."""
    for part in model.modules():
        part.__dict__.pop("forward", None)


def _parts(model: nn.Module, what: Recompute) -> list[nn.Module]:
    match what:
        case "none":
            return []
        case "norms":
            mla = [part for part in model.modules() if isinstance(part, MLAttention)]
            up = [part.kv_up for part in mla] + [part.q_up for part in mla if part.q_lora_rank is not None]
            return [*(part for part in model.modules() if isinstance(part, RMSNorm)), *up]
        case "blocks":
            return [part for part in model.modules() if isinstance(part, DecoderLayer)]


def _again(forward: Callable[..., Any]) -> Callable[..., Any]:
    return partial(checkpoint, forward, use_reentrant=False, preserve_rng_state=False)
