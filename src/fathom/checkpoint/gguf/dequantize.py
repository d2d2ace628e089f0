"""GGUF blocks → float32, vectorised, bit for bit as llama.cpp's reference does it.

Every function takes blocks (n, bytes per block) and returns numbers (n, numbers per block). Inside a block lie: ``d``
the scale and ``m`` the minimum, float16 both; ``qs`` the low bits of the quants, ``qh`` their high bits; in the K types
a super-block of 256 with scales of its own per 16 or 32 numbers, themselves quantised. Low bits are packed in halves:
byte j of a group holds number j in its low bits and number j + (group size / values per byte) above them.

    n blocks · s sub-blocks
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from fathom.checkpoint.gguf.types import BlockType

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SLAB = 1 << 17
"""Numbers at a time: intermediate arrays then stay inside the processor's cache."""


def dequantize(data: Bytes, type_: BlockType, out: Floats | None = None) -> Floats:
    """Flat bytes of whole blocks → flat float32, into ``out`` where given."""
    blocks = data.reshape(-1, type_.bytes)
    if out is None:
        out = np.empty(blocks.shape[0] * type_.block, dtype=np.float32)
    numbers = out.reshape(blocks.shape[0], type_.block)
    decode, slab = _DECODERS[type_], _SLAB // type_.block
    with np.errstate(invalid="ignore", over="ignore"):  # a damaged scale may be infinite; the loader says so
        for start in range(0, blocks.shape[0], slab):
            numbers[start : start + slab] = decode(blocks[start : start + slab])
    return out


# ---- plain numbers -------------------------------------------------------------------------------------------------


def _f32(blocks: Bytes) -> Floats:
    return np.ascontiguousarray(blocks).view(np.float32)


def _f16(blocks: Bytes) -> Floats:
    return _half(blocks)


def _bf16(blocks: Bytes) -> Floats:
    return (np.ascontiguousarray(blocks).view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)


# ---- blocks of 32 --------------------------------------------------------------------------------------------------


def _q8_0(blocks: Bytes) -> Floats:
    d, qs = _split(blocks, 2)
    return _half(d) * qs.view(np.int8).astype(np.float32)


def _q4_0(blocks: Bytes) -> Floats:
    d, qs = _split(blocks, 2)
    return _half(d) * (_unpack(qs, 4).astype(np.float32) - np.float32(8))


def _q4_1(blocks: Bytes) -> Floats:
    d, m, qs = _split(blocks, 2, 2)
    return _half(d) * _unpack(qs, 4).astype(np.float32) + _half(m)


def _q5_0(blocks: Bytes) -> Floats:
    d, qh, qs = _split(blocks, 2, 4)
    return _half(d) * (_five_bits(qs, qh) - np.float32(16))


def _q5_1(blocks: Bytes) -> Floats:
    d, m, qh, qs = _split(blocks, 2, 2, 4)
    return _half(d) * _five_bits(qs, qh) + _half(m)


def _five_bits(qs: Bytes, qh: Bytes) -> Floats:
    high = np.unpackbits(np.ascontiguousarray(qh), axis=1, bitorder="little")  # (n, 32)
    return (_unpack(qs, 4) | high << 4).astype(np.float32)


def _iq4_nl(blocks: Bytes) -> Floats:
    d, qs = _split(blocks, 2)
    return _half(d) * _NONLINEAR[_unpack(qs, 4)]


_NONLINEAR = np.array([-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113], dtype=np.float32)
"""The 16 values of IQ4's codes: ``kvalues_iq4nl`` of ggml."""


# ---- super-blocks of 256 -------------------------------------------------------------------------------------------


def _q2_k(blocks: Bytes) -> Floats:
    scales, qs, d, m = _split(blocks, 16, 64, 2)
    step = (_half(d) * (scales & 15).astype(np.float32))[..., None]  # (n, 16, 1)
    floor = (_half(m) * (scales >> 4).astype(np.float32))[..., None]
    q = _unpack(qs, 2, group=32).reshape(-1, 16, 16).astype(np.float32)
    return (step * q - floor).reshape(-1, 256)


def _q3_k(blocks: Bytes) -> Floats:
    mask, qs, scales, d = _split(blocks, 32, 64, 12)
    step = (_half(d) * _six_bit_signed(scales))[..., None]  # (n, 16, 1)
    high = _unpack(mask, 1, group=32)  # a set bit means: do not subtract 4
    q = _unpack(qs, 2, group=32).astype(np.float32) - np.float32(4) * (1 - high).astype(np.float32)
    return (step * q.reshape(-1, 16, 16)).reshape(-1, 256)


def _six_bit_signed(scales: Bytes) -> Floats:
    """Q3_K's 16 scales: four low bits in the first 8 bytes, two high bits in the last 4, offset by 32."""
    low, high = _split(scales, 8)
    return (_unpack(low, 4) | _unpack(high, 2) << 4).astype(np.float32) - np.float32(32)


def _q4_k(blocks: Bytes) -> Floats:
    d, m, scales, qs = _split(blocks, 2, 2, 12)
    step, floor = _six_bit_pairs(scales, _half(d), _half(m))
    q = _unpack(qs, 4, group=32).reshape(-1, 8, 32).astype(np.float32)
    return (step * q - floor).reshape(-1, 256)


def _q5_k(blocks: Bytes) -> Floats:
    d, m, scales, qh, qs = _split(blocks, 2, 2, 12, 32)
    step, floor = _six_bit_pairs(scales, _half(d), _half(m))
    q = _unpack(qs, 4, group=32) | _unpack(qh, 1, group=32) << 4
    return (step * q.reshape(-1, 8, 32).astype(np.float32) - floor).reshape(-1, 256)


def _six_bit_pairs(scales: Bytes, d: Floats, m: Floats) -> tuple[Floats, Floats]:
    """The 8 scales and 8 minima of Q4_K and Q5_K, (n, 8, 1) both: of six bits each.

    Sub-blocks 0 … 3 lie in the low six bits of bytes 0 … 3 (scale) and 4 … 7 (minimum); 4 … 7 take four bits from bytes
    8 … 11 and their top two from where the first ones left room.
    """
    a, b, c = _split(scales, 4, 4)
    step = np.concatenate([a & 63, c & 15 | (a >> 6) << 4], axis=1).astype(np.float32)
    floor = np.concatenate([b & 63, c >> 4 | (b >> 6) << 4], axis=1).astype(np.float32)
    return (d * step)[..., None], (m * floor)[..., None]


def _q6_k(blocks: Bytes) -> Floats:
    ql, qh, scales, d = _split(blocks, 128, 64, 16)
    step = (_half(d) * scales.view(np.int8).astype(np.float32))[..., None]  # (n, 16, 1)
    q = _unpack(ql, 4, group=64) | _unpack(qh, 2, group=32) << 4
    return (step * (q.reshape(-1, 16, 16).astype(np.float32) - np.float32(32))).reshape(-1, 256)


def _iq4_xs(blocks: Bytes) -> Floats:
    """Eight sub-blocks of 32; their six-bit scales have the high two bits in ``high``, the low four in ``low``."""
    d, high, low, qs = _split(blocks, 2, 2, 4)
    shifts = np.arange(0, 16, 2, dtype=np.uint16)
    top = (high.view(np.uint16) >> shifts & 3).astype(np.uint8)  # (n, 8)
    scale = (_unpack(low, 4, group=1) | top << 4).astype(np.float32) - np.float32(32)
    q = _NONLINEAR[_unpack(qs, 4, group=16)].reshape(-1, 8, 32)
    return ((_half(d) * scale)[..., None] * q).reshape(-1, 256)


# ---- bits ----------------------------------------------------------------------------------------------------------


def _split(blocks: Bytes, *widths: int) -> list[Bytes]:
    """Cut the columns after each width; the rest is the last piece."""
    return [np.ascontiguousarray(piece) for piece in np.split(blocks, np.cumsum(widths), axis=1)]


def _unpack(packed: Bytes, bits: int, group: int | None = None) -> Bytes:
    """Fields of ``bits`` bits, the lowest of all bytes of a group first: (n, b) → (n, b · 8 / bits)."""
    groups = packed.reshape(packed.shape[0], -1, 1, group or packed.shape[1])
    shifts = np.arange(0, 8, bits, dtype=np.uint8).reshape(1, 1, -1, 1)
    fields: Bytes = (groups >> shifts & np.uint8((1 << bits) - 1)).reshape(packed.shape[0], -1)
    return fields


def _half(raw: Bytes) -> Floats:
    return np.ascontiguousarray(raw).view(np.float16).astype(np.float32)


_DECODERS: Mapping[BlockType, Callable[[Bytes], Floats]] = {
    BlockType.F32: _f32,
    BlockType.F16: _f16,
    BlockType.BF16: _bf16,
    BlockType.Q4_0: _q4_0,
    BlockType.Q4_1: _q4_1,
    BlockType.Q5_0: _q5_0,
    BlockType.Q5_1: _q5_1,
    BlockType.Q8_0: _q8_0,
    BlockType.Q2_K: _q2_k,
    BlockType.Q3_K: _q3_k,
    BlockType.Q4_K: _q4_k,
    BlockType.Q5_K: _q5_k,
    BlockType.Q6_K: _q6_k,
    BlockType.IQ4_NL: _iq4_nl,
    BlockType.IQ4_XS: _iq4_xs,
}
