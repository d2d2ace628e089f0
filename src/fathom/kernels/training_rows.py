"""The row by row work of a training step, with gradients: one pass over memory each.

The plain forms stand in the model, where each of these is called: norms in ``model.norm``, gates in ``model.mlp``,
rotations in ``model.rope``, MLA's keys in ``model.mla``, rows of experts in ``model.grouped``. They serve on other
devices, for other types, and without a compiler; :func:`can_serve` says which way it goes. Without gradients the plain
forms serve too: at the few rows of a decoding step a call from Python costs more than the passes.

    M rows · D channels · H heads · N, R, V nope, rotary and value channels of a head · K experts per token
"""

from __future__ import annotations

from ctypes import Structure, byref, c_float, c_int, c_int64, c_void_p
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu.library import library

PIECE = 64
"""Rows of which the kernel keeps one partial sum: PIECE in train_rows.cpp."""

WIDEST = 1024
"""Rotary channels that a kernel has room for."""

_SERVED = (torch.float32, torch.bfloat16)


def can_serve(*tensors: Tensor) -> bool:
    """Whether these kernels take rows of ``tensors``, and a gradient is wanted."""
    return torch.is_grad_enabled() and takes(*tensors)


def takes(*tensors: Tensor) -> bool:
    """Whether these kernels take rows of ``tensors``."""
    return all(x.dtype in _SERVED and x.device.type == "cpu" for x in tensors) and library() is not None


def norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
    """x (…, D) / rms(x) · weight (D) float32, in ``dtype``."""
    result: Tensor = _Norm.apply(x, weight, eps, dtype)
    return result


def gate(joined: Tensor) -> Tensor:
    """silu(gate) · up of (…, 2D), gates before ups → (…, D)."""
    result: Tensor = _Gate.apply(joined)
    return result


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The sum of -log softmax(logits)[target]: logits (M, V), targets (M) int64, in range → () float32."""
    result: Tensor = _CrossEntropy.apply(logits, targets)
    return result


def softmax_(
    logits: Tensor, targets: Tensor, *, temperature: float = 1.0, less: float = 0.0, entropy: bool = False
) -> tuple[Tensor, Tensor]:
    """Logits (M, V) become softmax(logits / temperature), ``less`` lower at the targets (M) int64, in place and without
    gradient → log-probabilities of the targets (M) float32, and entropies (M) if wanted, else (0).
    """
    logprobs, entropies = torch.empty(len(logits)), torch.empty(len(logits) if entropy else 0)
    wanted = _pointer(entropies) if entropy else c_void_p(None)
    factors = c_float(1 / temperature), c_float(less)
    _run("softmax", logits, _pointer(targets), _pointer(logprobs), wanted, *logits.shape, *factors)
    return logprobs, entropies


def turn(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    """x (B, T, H, N + R), the last R channels turned by cos and sin (B or 1, T, 1, R) float32."""
    result: Tensor = _Turn.apply(x, cos, sin, interleaved)
    return result


def keys(
    expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int
) -> tuple[Tensor, Tensor]:
    """MLA's heads: expanded (B, T, H, N + V), rope (B, T, R) → keys (B, T, H, N + R), the rope turned and shared by all
    heads, and values (B, T, H, V).
    """
    result: tuple[Tensor, Tensor] = _Keys.apply(expanded, rope, cos, sin, interleaved, value_dim)
    return result


def spread(x: Tensor, places: Tensor, rows: int) -> Tensor:
    """Row m of x (M, D) to each of its places (M·K) int64, all different → (rows, D), zero elsewhere."""
    result: Tensor = _Spread.apply(x, places, rows)
    return result


def combine(x: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Σ_k weights[m, k] · x[places[m·K + k]]: x (rows, D), weights (M, K) float32 → (M, D) in x's type."""
    result: Tensor = _Combine.apply(x, places, weights)
    return result


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
        flat = _flat(x)
        scale = torch.empty(len(flat))
        out = torch.empty(x.shape, dtype=dtype)
        _run("norm", flat, _pointer(weight), out.view(flat.shape), _pointer(scale), *flat.shape, c_float(eps))
        ctx.save_for_backward(x, weight, scale)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, scale = ctx.saved_tensors
        flat = _flat(x)
        found = x.new_empty(x.shape)
        partial = torch.empty(-(-len(flat) // PIECE), flat.shape[1])
        pointers = _pointer(weight), _pointer(scale)
        _run("norm_backward", flat, *pointers, _flat(d_out), found.view(flat.shape), _pointer(partial), *flat.shape)
        return found, partial.sum(0), None, None


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, joined: Tensor) -> Tensor:
        gates, ups = _flat(joined).chunk(2, -1)
        out = joined.new_empty(*joined.shape[:-1], gates.shape[1])
        _run("gate", gates, ups, out.view(gates.shape), *gates.shape)
        ctx.save_for_backward(joined)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> Tensor:
        (joined,) = ctx.saved_tensors
        gates, ups = _flat(joined).chunk(2, -1)
        found = joined.new_empty(joined.shape)
        _run("gate_backward", gates, ups, _flat(d_out), *_flat(found).chunk(2, -1), *gates.shape)
        return found


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        logits = _flat(logits)
        scale, loss = torch.empty(len(logits)), torch.empty(len(logits))
        _run("cross_entropy", logits, _pointer(targets), _pointer(scale), _pointer(loss), *logits.shape)
        ctx.save_for_backward(logits, targets, scale)
        return loss.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_loss: Tensor) -> tuple[Tensor, None]:
        logits, targets, scale = ctx.saved_tensors
        found = logits.new_empty(logits.shape)
        pointers = _pointer(targets), _pointer(scale)
        _run("cross_entropy_backward", logits, *pointers, found, c_float(d_loss.item()), *logits.shape)
        return found, None


class _Turn(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
        ctx.save_for_backward(cos, sin)
        ctx.interleaved = interleaved
        return _rotate(x, cos, sin, interleaved, 1.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, None, None]:
        cos, sin = ctx.saved_tensors
        return _rotate(d_out, cos, sin, ctx.interleaved, -1.0), None, None, None


def _rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, sign: float) -> Tensor:
    batch, length, heads, channels = x.shape
    rotary = cos.shape[-1]
    out = x.new_empty(x.shape)
    sizes = (batch * length, heads, channels - rotary, rotary)
    _run("turn", _flat(x), _flat(out), *_angles(cos, sin), *sizes, c_int(interleaved), c_float(sign))
    return out


class _Keys(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int
    ) -> tuple[Tensor, Tensor]:
        batch, length, heads, channels = expanded.shape
        nope, rotary = channels - value_dim, rope.shape[-1]
        k = expanded.new_empty(batch, length, heads, nope + rotary)
        v = expanded.new_empty(batch, length, heads, value_dim)
        ctx.sizes = (batch * length, heads, nope, rotary, value_dim)
        ctx.save_for_backward(cos, sin)
        ctx.interleaved = interleaved
        rows = (_flat(expanded), _flat(rope), _flat(k), _flat(v))
        _run("keys", *rows, *_angles(cos, sin), *ctx.sizes, c_int(interleaved))
        return k, v

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_k: Tensor, d_v: Tensor) -> tuple[Tensor, Tensor, None, None, None, None]:
        _, _, nope, rotary, value_dim = ctx.sizes
        d_expanded = d_k.new_empty(*d_k.shape[:3], nope + value_dim)
        d_rope = d_k.new_empty(*d_k.shape[:2], rotary)
        rows = (_flat(d_k), _flat(d_v), _flat(d_expanded), _flat(d_rope))
        _run("keys_backward", *rows, *_angles(*ctx.saved_tensors), *ctx.sizes, c_int(ctx.interleaved))
        return d_expanded, d_rope, None, None, None, None


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, rows: int) -> Tensor:
        ctx.save_for_backward(places)
        ctx.rows = len(x)
        out = _empty_rows(x, places, rows)
        _run("spread", _flat(x), _pointer(places), out, *_sizes(x, places))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        found = d_out.new_empty(ctx.rows, d_out.shape[1])
        _run("combine", _flat(d_out), _pointer(places), None, found, *_sizes(found, places))
        return found, None, None


class _Combine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, weights: Tensor) -> Tensor:
        x = _flat(x)
        ctx.save_for_backward(x, places, weights)
        out = x.new_empty(len(weights), x.shape[1])
        _run("combine", x, _pointer(places), _pointer(weights), out, *_sizes(out, places))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, Tensor]:
        x, places, weights = ctx.saved_tensors
        d_x, d_weights = _empty_rows(x, places, len(x)), torch.empty_like(weights)
        pointers = _pointer(places), _pointer(weights)
        _run("combine_backward", x, *pointers, _flat(d_out), d_x, _pointer(d_weights), *_sizes(d_out, places))
        return d_x, None, d_weights


class _Rows(Structure):
    _fields_ = (("data", c_void_p), ("stride", c_int64), ("bf16", c_int64))


def _run(name: str, *arguments: Any) -> None:
    """Call a kernel: two-dimensional tensors are rows, integers 64 bits wide, and the last argument is the threads."""
    lib = library()
    assert lib is not None
    kernel = getattr(lib, f"fathom_{name}")
    kernel.restype = None
    kernel(*(_argument(one) for one in arguments), c_int(torch.get_num_threads()))


def _argument(value: Any) -> Any:
    if isinstance(value, Tensor):
        return byref(_Rows(value.data_ptr(), value.stride(0), value.dtype == torch.bfloat16))
    return c_int64(value) if isinstance(value, int) else value


def _pointer(tensor: Tensor) -> c_void_p:
    """To numbers that lie side by side."""
    assert tensor.is_contiguous()
    return c_void_p(tensor.data_ptr())


def _flat(x: Tensor) -> Tensor:
    """(…, D) as rows (M, D), copied only where they do not lie evenly."""
    flat = x.reshape(-1, x.shape[-1])
    return flat if flat.stride(1) == 1 or flat.shape[1] == 1 else flat.contiguous()


def _angles(cos: Tensor, sin: Tensor) -> tuple[c_void_p, c_void_p, int]:
    return _pointer(cos), _pointer(sin), cos.numel() // cos.shape[-1]


def _empty_rows(x: Tensor, places: Tensor, rows: int) -> Tensor:
    """Room for ``rows`` rows like those of x, of which ``places`` will be written; the others are zeros."""
    room = x.new_empty(rows, x.shape[1])
    if rows != len(places):
        missed = torch.ones(rows, dtype=torch.bool).index_fill_(0, places, False)
        room.index_fill_(0, missed.nonzero()[:, 0], 0)
    return room


def _sizes(x: Tensor, places: Tensor) -> tuple[int, int, int]:
    """M, K, D of rows x (M, D)."""
    return len(x), len(places) // max(1, len(x)), x.shape[1]
