"""Float32 → GGUF blocks, for the types that we write: F32, F16, BF16, Q8_0, Q4_0, Q4_1.

Rounding follows ggml's reference quantisers, so that a file written here equals one that llama.cpp would have made.
The K types need a search over scales and are left to llama.cpp's own ``llama-quantize``.

    n blocks of 32
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.dequantize import Bytes, Floats
from fathom.checkpoint.gguf.types import BlockType

_SLAB = 1 << 14


def quantize(numbers: Floats, type_: BlockType) -> Bytes:
    """Float32 numbers, whole blocks → flat bytes. CheckpointError for a type that we do not write."""
    encode = _ENCODERS.get(type_)
    if encode is None:
        raise CheckpointError(
            f"cannot write {type_.name} blocks", f"choose one of: {', '.join(t.name for t in _ENCODERS)}"
        )
    blocks = numbers.reshape(-1, type_.block)
    out = np.empty((blocks.shape[0], type_.bytes), dtype=np.uint8)
    for start in range(0, blocks.shape[0], _SLAB):
        out[start : start + _SLAB] = encode(blocks[start : start + _SLAB])
    return out.reshape(-1)


def _f32(blocks: Floats) -> Bytes:
    return np.ascontiguousarray(blocks).view(np.uint8)


def _f16(blocks: Floats) -> Bytes:
    with np.errstate(over="ignore"):
        return blocks.astype(np.float16).view(np.uint8)


def _bf16(blocks: Floats) -> Bytes:
    """Round to nearest even; a NaN stays a NaN."""
    bits = np.ascontiguousarray(blocks).view(np.uint32)
    rounded = (bits.astype(np.uint64) + 0x7FFF + (bits >> 16 & 1)) >> 16
    quiet = bits >> 16 | 0x40
    return np.where(np.isnan(blocks), quiet, rounded).astype(np.uint16).view(np.uint8)


def _q8_0(blocks: Floats) -> Bytes:
    d = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    x = blocks * _inverse(d)
    q = np.trunc(x + np.copysign(np.float32(0.5), x))  # half away from zero, as C's roundf
    return _join(_half(d), q.astype(np.int8).view(np.uint8))


def _q4_0(blocks: Floats) -> Bytes:
    """The extreme of largest magnitude becomes exactly -8 · d, so that one end of the range is met without error."""
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=1, keepdims=True), axis=1)
    d = extreme / np.float32(-8)
    q = np.trunc(blocks * _inverse(d) + np.float32(8.5)).clip(0, 15)
    return _join(_half(d), _pack(q))


def _q4_1(blocks: Floats) -> Bytes:
    low = blocks.min(axis=1, keepdims=True)
    d = (blocks.max(axis=1, keepdims=True) - low) / np.float32(15)
    q = np.trunc((blocks - low) * _inverse(d) + np.float32(0.5)).clip(0, 15)
    return _join(_half(d), _half(low), _pack(q))


def _inverse(d: Floats) -> Floats:
    return np.divide(np.float32(1), d, out=np.zeros_like(d), where=d != 0)


def _pack(q: Floats) -> Bytes:
    """Number j in the low four bits of byte j, number j + 16 above it."""
    bits = q.astype(np.uint8)
    return bits[:, :16] | bits[:, 16:] << np.uint8(4)


def _half(values: Floats) -> Bytes:
    with np.errstate(over="ignore"):
        return values.astype(np.float16).view(np.uint8)


def _join(*pieces: Bytes) -> Bytes:
    return np.concatenate(pieces, axis=1)


_ENCODERS: Mapping[BlockType, Callable[[Floats], Bytes]] = {
    BlockType.F32: _f32,
    BlockType.F16: _f16,
    BlockType.BF16: _bf16,
    BlockType.Q8_0: _q8_0,
    BlockType.Q4_0: _q4_0,
    BlockType.Q4_1: _q4_1,
}
