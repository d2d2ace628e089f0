"""Arguments of every operation at random, for comparing its kernels with its reference.

A case is made by :func:`draw`; shapes cross the borders of the kernels' tiles, vectors and blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fathom.kernels.attention import VisibleSpans
from fathom.kernels.dense_layer import LayerWeights
from fathom.kernels.formats.matrix import Matrix, dense, quantize
from fathom.kernels.formats.table import BLOCK_FORMATS

Kind = Any
"""A dtype, or the name of a storage format."""


@dataclass(frozen=True)
class Case:
    """``differentiable`` counts the leading arguments by which a gradient is taken; 0: the operation has none.
    ``scale`` is the magnitude by which rounding of the result is judged.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    differentiable: int = 0
    scale: float = 1.0


class Draw:
    """Random numbers and sizes from one seed."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def size(self, *choices: int) -> int:
        """A number up to 40, or one of ``choices``."""
        number = int(torch.randint(0, 40 + len(choices), (), generator=self.generator))
        return number + 1 if number < 40 else choices[number - 40]

    def one_of(self, *choices: Any) -> Any:
        return choices[int(torch.randint(0, len(choices), (), generator=self.generator))]

    def floats(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.randn(*shape, generator=self.generator).to(dtype)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape, generator=self.generator)

    def permutation(self, count: int) -> Tensor:
        return torch.randperm(count, generator=self.generator)

    def matrix(self, kind: str, rows: int, columns: int, *, bias: bool = False) -> Matrix:
        """About unit gain; ``columns`` a multiple of 32 for block formats."""
        weight = self.floats(rows, columns) / columns**0.5
        offset = self.floats(rows) if bias else None
        if kind in BLOCK_FORMATS:
            return quantize(weight, kind, offset)
        return dense(weight.to(getattr(torch, kind)), offset)

    def angles(self, batch: int, length: int, channels: int, interleaved: bool) -> tuple[Tensor, Tensor]:
        """Cosines and signed sines (batch, length, 1, channels) of rotations."""
        angle = self.floats(batch, length, 1, channels // 2)
        cos, sin = angle.cos(), angle.sin()
        if interleaved:
            return cos.repeat_interleave(2, -1), torch.stack((-sin, sin), -1).flatten(-2)
        return torch.cat((cos, cos), -1), torch.cat((-sin, sin), -1)


def _columns(draw: Draw, kind: str) -> int:
    return draw.one_of(32, 96, 576) if kind in BLOCK_FORMATS else draw.size(64, 100)


def quantized_linear_case(draw: Draw, kind: str) -> Case:
    columns = _columns(draw, kind)
    x = draw.floats(draw.size(70), columns, dtype=draw.one_of(torch.float32, torch.bfloat16))
    return Case((x, draw.matrix(kind, draw.size(80), columns, bias=draw.one_of(True, False))))


def embedding_case(draw: Draw, kind: str) -> Case:
    rows = draw.size(45)
    tokens = draw.integers(0, rows, 2, draw.size())
    return Case((tokens, draw.matrix(kind, rows, _columns(draw, kind)), draw.one_of(torch.float32, torch.bfloat16)))


def linear_case(draw: Draw, kind: Kind) -> Case:
    inputs, rows, outputs = draw.size(384), draw.size(97), draw.size(385)
    args = draw.floats(2, rows, inputs, dtype=kind), draw.floats(outputs, inputs, dtype=kind)
    args = (*args, draw.floats(outputs, dtype=kind)) if draw.one_of(True, False) else args
    return Case(args, differentiable=len(args), scale=inputs)


def _laid_out(draw: Draw, rows: int, columns: int, kind: Kind) -> Tensor:
    if draw.one_of(True, False):
        return draw.floats(columns, rows, dtype=kind).t()
    return draw.floats(rows, columns + 2, dtype=kind)[:, 1:-1]


def mm_case(draw: Draw, kind: Kind) -> Case:
    m, k, n = draw.size(97), draw.size(384), draw.size(385)
    out = {"out": torch.empty(m, n, dtype=kind)} if draw.one_of(True, False) else {}
    return Case((_laid_out(draw, m, k, kind), _laid_out(draw, k, n, kind)), out, scale=k)


def add_mm_case(draw: Draw, kind: Kind) -> Case:
    m, k, n = draw.size(97), draw.size(384), draw.size(385)
    return Case((draw.floats(m, n), _laid_out(draw, m, k, kind), _laid_out(draw, k, n, kind)), scale=k)


def grouped_mm_case(draw: Draw, kind: Kind) -> Case:
    counts = [draw.one_of(0, 1, 30, 97) for _ in range(draw.one_of(1, 5))]
    k, n = draw.size(384), draw.size(97)
    return Case((draw.floats(sum(counts), k, dtype=kind), draw.floats(len(counts), k, n, dtype=kind), counts), scale=k)


def grouped_outer_case(draw: Draw, kind: Kind) -> Case:
    counts = [draw.one_of(0, 1, 30, 97) for _ in range(draw.one_of(1, 5))]
    left, right = (draw.floats(sum(counts), draw.size(97), dtype=kind) for _ in range(2))
    return Case((left, right, counts), scale=97)


def newton_schulz_case(draw: Draw, kind: Kind) -> Case:
    rows = draw.size()
    x = draw.floats(draw.one_of(1, 3), rows, rows + draw.size(97), dtype=kind)
    return Case((x / torch.linalg.matrix_norm(x, keepdim=True), 5, (3.4445, -4.7750, 2.0315)), scale=100)


def paged_attention_case(draw: Draw, kind: Kind) -> Case:
    lengths = [draw.size(150) for _ in range(draw.one_of(1, 3))]
    counts = [draw.one_of(0, 1, length) for length in lengths]
    size, groups, absorbed = draw.one_of(1, 3, 16, 200), draw.one_of(1, 2), draw.one_of(True, False)
    key_dim = draw.size(64)
    value_dim = int(draw.integers(1, key_dim + 1, 1)) if absorbed else draw.size()
    needed = [-(-length // size) for length in lengths]
    order = draw.permutation(sum(needed)).to(torch.int32)
    tables = torch.full((len(lengths), max(needed)), -1, dtype=torch.int32)
    for b, pages in enumerate(order.split(needed)):
        tables[b, : len(pages)] = pages
    k, v = (draw.floats(sum(needed), size, groups, channels, dtype=kind) for channels in (key_dim, value_dim))
    q = draw.floats(sum(counts) + 1, groups * draw.one_of(1, 3), key_dim, dtype=kind)
    starts = torch.tensor([0, *counts]).cumsum(0).int()
    index = tables, starts, torch.tensor(lengths, dtype=torch.int32)
    options = {"window": draw.one_of(None, 1, 7, 40, 130), "softcap": draw.one_of(None, 2.0)}
    return Case((q, k, None if absorbed else v, *index, key_dim**-0.5, value_dim), options)


def causal_attention_case(draw: Draw, kind: Kind) -> Case:
    batch, length, groups = draw.one_of(1, 2), draw.size(64, 100), draw.one_of(1, 2)
    heads, key_dim, value_dim = groups * draw.one_of(1, 2), draw.size(48), draw.size(64)
    shapes = (heads, key_dim), (groups, key_dim), (groups, value_dim)
    q, k, v = (draw.floats(batch, length, *shape, dtype=kind) for shape in shapes)
    documents = draw.integers(0, 4, batch, length) == 0  # where one begins
    first = torch.where(documents, torch.arange(length), 0).cummax(1).values.to(torch.int32)
    return Case((q, k, v, 0.2, VisibleSpans(first) if draw.one_of(True, False) else None), differentiable=3)


def rms_norm_case(draw: Draw, kind: Kind) -> Case:
    width = draw.size(64, 100)
    x = draw.floats(2, draw.size(130), width, dtype=kind)
    return Case((x, draw.floats(width) + 1, 1e-5, kind), differentiable=2, scale=20)


def rotate_case(draw: Draw, kind: Kind) -> Case:
    batch, length, rotary = draw.one_of(1, 3), draw.size(), 2 * draw.size(64)
    x = draw.floats(batch, length, draw.one_of(1, 3), draw.one_of(0, 5, 32) + rotary, dtype=kind)
    interleaved = draw.one_of(True, False)
    angles = draw.angles(draw.one_of(1, batch), length, rotary, interleaved)
    return Case((x, *angles, interleaved), differentiable=1)


def mla_keys_case(draw: Draw, kind: Kind) -> Case:
    batch, length, heads, rotary, values = 2, draw.size(), draw.one_of(1, 3), 2 * draw.size(), draw.size()
    expanded = draw.floats(batch, length, heads, draw.size(32) + values, dtype=kind)
    rope = draw.floats(batch, length, rotary, dtype=kind)
    interleaved = draw.one_of(True, False)
    angles = draw.angles(draw.one_of(1, batch), length, rotary, interleaved)
    return Case((expanded, rope, *angles, interleaved, values), differentiable=2, scale=4)


def swiglu_case(draw: Draw, kind: Kind) -> Case:
    return Case((draw.floats(2, draw.size(), 2 * draw.size(100), dtype=kind),), differentiable=1, scale=2)


def swiglu_linear_case(draw: Draw, kind: Kind) -> Case:
    width, inner = draw.size(96), draw.size(64)
    weights = (draw.floats(inner, width, dtype=kind) / width**0.5 for _ in range(2))
    return Case((draw.floats(draw.size(70), width, dtype=kind), *weights), differentiable=3, scale=20)


def cross_entropy_case(draw: Draw, kind: Kind) -> Case:
    rows, vocab = draw.size(), draw.size(64, 100)
    return Case((draw.floats(rows, vocab, dtype=kind) * 4, draw.integers(0, vocab, rows)), differentiable=1, scale=rows)


def softmax_case(draw: Draw, kind: Kind) -> Case:
    rows, vocab = draw.size(), draw.size(64, 100)
    options = {
        "temperature": draw.one_of(1.0, 0.7),
        "target_offset": draw.one_of(0.0, 1.0),
        "entropy": draw.one_of(True, False),
    }
    return Case((draw.floats(rows, vocab, dtype=kind) * 4, draw.integers(0, vocab, rows)), options)


def scatter_rows_case(draw: Draw, kind: Kind) -> Case:
    x, per_token = draw.floats(draw.size(), draw.size(64), dtype=kind), draw.one_of(1, 3)
    rows = len(x) * per_token + draw.one_of(0, 7)
    return Case((x, draw.permutation(rows)[: len(x) * per_token], rows), differentiable=1, scale=per_token)


def combine_rows_case(draw: Draw, kind: Kind) -> Case:
    weights = draw.floats(draw.size(), draw.one_of(1, 3)).abs()
    rows = draw.floats(weights.numel() + draw.one_of(0, 7), draw.size(64), dtype=kind)
    places = draw.permutation(len(rows))[: weights.numel()]
    return Case((rows, places, weights), differentiable=1, scale=3)  # the weights are the third argument


def _layer(draw: Draw) -> LayerWeights:
    kind = draw.one_of("float32", "bfloat16", *BLOCK_FORMATS)
    heads, groups, channels = draw.one_of(2, 4), 2, 2 * draw.one_of(8, 12)
    block = kind in BLOCK_FORMATS
    width, inner = (64, 96) if block else (draw.size(50), draw.size(37))
    channels = 16 if block else channels
    norm = draw.floats(channels).abs() + 0.5 if draw.one_of(True, False) else None
    return LayerWeights(
        qkv=draw.matrix(kind, (heads + 2 * groups) * channels, width, bias=True),
        out=draw.matrix(kind, width, heads * channels),
        gate_up=draw.matrix(kind, 2 * inner, width),
        down=draw.matrix(kind, width, inner),
        attention_norm=draw.floats(width).abs() + 0.5,
        mlp_norm=draw.floats(width).abs() + 0.5,
        q_norm=norm,
        k_norm=norm,
        heads=heads,
        kv_heads=groups,
        head_dim=channels,
        norm_eps=1e-5,
        head_norm_eps=1e-6,
    )


def before_attention_case(draw: Draw, kind: Kind) -> Case:
    layer, rows = _layer(draw), draw.size()
    interleaved = draw.one_of(True, False)
    cos, sin = (x[0, :, 0] for x in draw.angles(1, rows, layer.head_dim, interleaved))
    return Case((layer, draw.floats(rows, layer.qkv.columns, dtype=kind), cos, sin, interleaved), scale=4)


def after_attention_case(draw: Draw, kind: Kind) -> Case:
    layer, rows = _layer(draw), draw.size()
    attended = draw.floats(rows, layer.out.columns, dtype=kind)
    return Case((layer, attended, draw.floats(rows, layer.out.rows, dtype=kind)), scale=4)


CASES: dict[str, Callable[[Draw, Kind], Case]] = {
    "matmul.quantized_linear": quantized_linear_case,
    "matmul.embedding": embedding_case,
    "matmul.linear": linear_case,
    "matmul.mm": mm_case,
    "matmul.add_mm": add_mm_case,
    "matmul.grouped_mm": grouped_mm_case,
    "matmul.grouped_outer": grouped_outer_case,
    "matmul.newton_schulz": newton_schulz_case,
    "attention.paged_attention": paged_attention_case,
    "attention.causal_attention": causal_attention_case,
    "norm.rms_norm": rms_norm_case,
    "rope.rotate": rotate_case,
    "rope.mla_keys": mla_keys_case,
    "swiglu.swiglu": swiglu_case,
    "swiglu.swiglu_linear": swiglu_linear_case,
    "cross_entropy.cross_entropy": cross_entropy_case,
    "cross_entropy.softmax_": softmax_case,
    "moe.scatter_rows": scatter_rows_case,
    "moe.combine_rows": combine_rows_case,
    "dense_layer.before_attention": before_attention_case,
    "dense_layer.after_attention": after_attention_case,
}
