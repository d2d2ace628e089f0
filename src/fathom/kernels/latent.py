"""A whole step of decoding for models of DeepSeek's family on the CPU in float32, one token more for every sequence.

A rollout's step is dozens of small operations a layer, and most of its time goes into what lies between them. Here it
is one call. Weights are read through :class:`Packed`, a copy in the layout of the products, which :meth:`Packed.fill`
takes anew from the model's tensors: a moment's picture of weights that may be learning, and its holder says when.

Structures mirror those of latent.h and latent.cpp field by field.

    B sequences · M pages of a sequence · D hidden · H heads · L latent
    N, R, V nope, rotary and value channels of a head · E experts
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_float, c_int32, c_int64, c_void_p
from dataclasses import dataclass

import torch
from torch import Tensor

from fathom.kernels.cpu.library import library

LANES = 16
"""Outputs of a panel: LANES in lanes.h."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of a model. ``query_rank`` 0: queries are projected at once. ``group_best``: experts by which a group of them is
    judged; 0: groups do not matter. ``experts`` 0: no layer has any.
    """

    width: int
    heads: int
    query_rank: int
    latent: int
    nope: int
    rope: int
    value: int
    vocab: int
    experts: int
    per_token: int
    groups: int
    kept_groups: int
    group_best: int
    expert_width: int
    interleaved: bool
    normalize: bool
    eps: float
    latent_eps: float
    scale: float
    factor: float


@dataclass(frozen=True, slots=True, eq=False)
class LayerTensors:
    """The weights of one layer as the model holds them, (outputs, inputs) each, experts stacked.

    ``kv_up`` (H·(N + V), L) holds W_UK and W_UV. ``gate``, ``up`` and ``down`` are the dense network or the shared
    experts, None where a layer has neither; ``router`` and the stacks are None where it has no experts.
    """

    attention_norm: Tensor
    mlp_norm: Tensor
    q_down: Tensor | None
    q_norm: Tensor | None
    q_up: Tensor
    kv_down: Tensor
    kv_norm: Tensor
    kv_up: Tensor
    out: Tensor
    gate: Tensor | None
    up: Tensor | None
    down: Tensor | None
    router: Tensor | None
    bias: Tensor | None
    expert_gate: Tensor | None
    expert_up: Tensor | None
    expert_down: Tensor | None


@dataclass(frozen=True, slots=True, eq=False)
class ModelTensors:
    """``embed`` (vocab, D) is read where it lies, not copied."""

    embed: Tensor
    norm: Tensor
    head: Tensor
    layers: tuple[LayerTensors, ...]

    def all(self) -> list[Tensor]:
        """Every tensor there is."""
        own = [getattr(layer, name) for layer in self.layers for name in LayerTensors.__slots__]
        return [self.embed, self.norm, self.head, *(tensor for tensor in own if tensor is not None)]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a step is about. ``lengths`` count the new token; ``temperatures`` of 0 take the best token."""

    tokens: Tensor  # (B) int64
    lengths: Tensor  # (B) int32
    tables: Tensor  # (B, M) int32
    cos: Tensor  # (B, R) float32
    sin: Tensor  # (B, R) float32, with the sign of the partner channel
    temperatures: Tensor  # (B) float32
    random_uniforms: Tensor  # (B) float64 in [0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """``logprobs`` are those of temperature 1; NaN where a logit was not finite."""

    ids: Tensor  # (B) int64
    logprobs: Tensor  # (B) float32
    hidden: Tensor  # (B, D), after the final norm


class _Layer(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("q_down", "q_up", "kv_down", "key_up", "value_up", "out")),
        *((name, c_void_p) for name in ("gate", "up", "down", "router", "expert_gate", "expert_up", "expert_down")),
        *((name, c_void_p) for name in ("attention_norm", "mlp_norm", "q_norm", "kv_norm", "bias", "cache", "chosen")),
        ("inner", c_int64),
    )


class _Model(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("layers", "embed", "norm", "head")),
        *(
            (name, c_int64)
            for name in ("num_layers", "width", "heads", "query_rank", "latent", "nope", "rope", "value")
        ),
        *((name, c_int64) for name in ("page_size", "vocab", "experts", "per_token", "groups", "kept_groups")),
        *((name, c_int64) for name in ("group_best", "expert_width")),
        *((name, c_int32) for name in ("interleaved", "normalize")),
        *((name, c_float) for name in ("eps", "latent_eps", "scale", "factor")),
    )


class _Step(ctypes.Structure):
    _fields_ = (
        *((name, c_int64) for name in ("rows", "table_stride", "vocab_limit")),
        *(
            (name, c_void_p)
            for name in ("tokens", "lengths", "tables", "cos", "sin", "temperatures", "random_uniforms")
        ),
        *((name, c_void_p) for name in ("hidden", "ids", "logprobs")),
    )


class _Packing(ctypes.Structure):
    _fields_ = (
        *((name, c_void_p) for name in ("source", "target")),
        *((name, c_int64) for name in ("count", "rows", "columns", "apart", "row", "column")),
    )


class Packed:
    """A model's weights in the layout of the kernel, over the pages (P, S, 1, L + R) float32 of each layer. ``chosen``
    (P·S, K) int16 of each layer with experts notes where its tokens go.
    """

    def __init__(self, sizes: Sizes, pages: Sequence[Tensor], chosen: Sequence[Tensor] = ()) -> None:
        self.sizes = sizes
        self._pages = list(pages)
        self._chosen = list(chosen)
        self._no_bias = torch.zeros(sizes.experts)
        self._storage: dict[tuple[int, str], Tensor] = {}
        self._layers = (_Layer * len(pages))()
        self._model = _Model(
            num_layers=len(pages),
            page_size=pages[0].shape[1],
            layers=ctypes.addressof(self._layers),
            **{name: getattr(sizes, name) for name in Sizes.__slots__},
        )

    def fill(self, tensors: ModelTensors) -> None:
        """Take the weights as they are now; ``tensors`` are those of :func:`can_serve`."""
        jobs: list[_Packing] = []
        notes = iter(self._chosen)
        for place, (layer, pages) in enumerate(zip(tensors.layers, self._pages, strict=True)):
            struct = self._layers[place]
            for name in LayerTensors.__slots__:
                tensor = getattr(layer, name)
                if tensor is not None and name != "kv_up":
                    setattr(struct, name, self._pack(jobs, place, name, tensor))
            s = self.sizes
            both = layer.kv_up.view(s.heads, s.nope + s.value, s.latent)
            struct.key_up = self._pack(jobs, place, "key_up", both[:, : s.nope].transpose(1, 2))  # (H, L, N)
            struct.value_up = self._pack(jobs, place, "value_up", both[:, s.nope :])  # (H, V, L)
            if layer.router is not None and layer.bias is None:
                struct.bias = self._pack(jobs, place, "bias", self._no_bias)
            struct.inner = 0 if layer.gate is None else len(layer.gate)
            struct.cache = pages.data_ptr()
            note = next(notes, None) if layer.router is not None else None
            struct.chosen = None if note is None else note.data_ptr()
        self._embed = tensors.embed  # kept alive, as the kernel reads it
        self._model.embed = tensors.embed.data_ptr()
        self._model.norm = self._pack(jobs, -1, "norm", tensors.norm)
        self._model.head = self._pack(jobs, -1, "head", tensors.head)
        lib = library()
        assert lib is not None
        lib.fathom_latent_pack((_Packing * len(jobs))(*jobs), c_int64(len(jobs)), torch.get_num_threads())

    def _pack(self, jobs: list[_Packing], place: int, name: str, tensor: Tensor) -> int:
        """Where ``tensor`` will lie; a vector is a matrix of one input."""
        stack = tensor[:, None] if tensor.dim() == 1 else tensor
        stack = stack[None] if stack.dim() == 2 else stack
        count, rows, columns = stack.shape
        size = count * -(-rows // LANES) * LANES * columns
        held = self._storage.get((place, name))
        if held is None or len(held) != size:
            self._storage[place, name] = held = torch.empty(size)
        jobs.append(_Packing(tensor.data_ptr(), held.data_ptr(), *stack.shape, *stack.stride()))
        return held.data_ptr()

    def step(self, rows: Rows, vocab_limit: int) -> Drawn:
        """Store one token more of every sequence in the pages, and draw the one after it, below ``vocab_limit``."""
        count = len(rows.tokens)
        inputs = [rows.tokens, rows.lengths, rows.tables, rows.cos, rows.sin, rows.temperatures, rows.random_uniforms]
        inputs = [tensor.contiguous() for tensor in inputs]
        ids, logprobs = torch.empty(count, dtype=torch.int64), torch.empty(count)
        hidden = torch.empty(count, -(-self.sizes.width // LANES) * LANES)
        pointers = (tensor.data_ptr() for tensor in (*inputs, hidden, ids, logprobs))
        call = _Step(count, rows.tables.shape[1], vocab_limit, *pointers)
        lib = library()
        assert lib is not None
        lib.fathom_latent_step(ctypes.byref(self._model), ctypes.byref(call), torch.get_num_threads())
        return Drawn(ids, logprobs, hidden[:, : self.sizes.width])


def can_serve(tensors: ModelTensors, pages: Sequence[Tensor]) -> bool:
    """Whether the kernel takes these weights and this cache: float32, on the CPU, with a compiler at hand."""
    every = (*tensors.all(), *pages)
    plain = all(x.dtype == torch.float32 and x.device.type == "cpu" and x.is_contiguous() for x in every)
    return plain and library() is not None
