"""A decode step of a model with MLA on the CPU, one new token for every sequence, as one call of the C++ library.

A step of a rollout is dozens of small operations a layer, and most of its time is spent between them. The call reads
:class:`DecodeWeights`: float32 copies in the layout of its products, taken from the model's tensors by
:meth:`DecodeWeights.copy_from`. They are a snapshot of weights that may be training; the caller decides when to copy.

Sizes, tensors and inputs are named as the fields of DecodeModel, DecodeLayer and DecodeStep in ``cpu/interface.h``.

    B sequences · M pages of a sequence · D hidden · H heads · L latent
    N, R, V nope, rotary and value channels of a head · E experts
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from fathom.kernels.cpu.interface import CONSTANTS, STRUCTS, struct
from fathom.kernels.cpu.library import get_library, library
from fathom.kernels.registry import reference_is_forced

LANES = CONSTANTS["LANES"]

LayerTensors = Mapping[str, Tensor | None]
"""Weights of a layer as the model holds them, (outputs, inputs), experts stacked, by field of DecodeLayer; ``kv_up``
(H·(N + V), L) holds W_UK and W_UV in place of ``key_up`` and ``value_up``. None where the layer has none.
"""


@dataclass(frozen=True, slots=True, eq=False)
class ModelTensors:
    """``embed`` (vocab, D) is read in place, not copied."""

    embed: Tensor
    norm: Tensor
    head: Tensor
    layers: tuple[LayerTensors, ...]

    def all(self) -> list[Tensor]:
        """Every tensor there is."""
        weights = [tensor for layer in self.layers for tensor in layer.values()]
        return [self.embed, self.norm, self.head, *(tensor for tensor in weights if tensor is not None)]


@dataclass(frozen=True, slots=True, eq=False)
class StepInputs:
    """Of a step. ``lengths`` count the new token; ``temperatures`` of 0 take the most likely token."""

    tokens: Tensor  # (B) int64
    lengths: Tensor  # (B) int32
    tables: Tensor  # (B, M) int32
    cos: Tensor  # (B, R) float32
    sin: Tensor  # (B, R) float32, with the sign of the partner channel
    temperatures: Tensor  # (B) float32
    uniforms: Tensor  # (B) float64 in [0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class DecodeOutput:
    """``logprobs`` are those of temperature 1; NaN where a logit was not finite."""

    ids: Tensor  # (B) int64
    logprobs: Tensor  # (B) float32
    hidden: Tensor  # (B, D), after the final norm


class DecodeWeights:
    """A model's weights in the layout of the kernel, over the pages (P, S, 1, L + R) float32 of each layer.

    ``sizes`` are the fields of DecodeModel that describe the architecture. ``expert_traces`` (P·S, K) int16, of each
    layer with experts, receive the experts of every token.
    """

    def __init__(
        self, sizes: Mapping[str, float], pages: Sequence[Tensor], expert_traces: Sequence[Tensor] = ()
    ) -> None:
        self._pages = list(pages)
        self._expert_traces = list(expert_traces)
        self._copies: dict[tuple[int, str], Tensor] = {}
        self._layers = (STRUCTS["DecodeLayer"] * len(pages))()
        self._model = struct(
            "DecodeModel",
            layers=ctypes.addressof(self._layers),
            num_layers=len(pages),
            page_size=pages[0].shape[1],
            embed=None,
            norm=None,
            head=None,
            **sizes,
        )
        self._zero_bias = torch.zeros(self._model.experts)

    def copy_from(self, tensors: ModelTensors) -> None:
        """Take the weights as they are now; ``tensors`` are those of :func:`can_serve`."""
        jobs: list[ctypes.Structure] = []
        traces = iter(self._expert_traces)
        for index, (layer, pages) in enumerate(zip(tensors.layers, self._pages, strict=True)):
            trace = next(traces, None) if layer["router"] is not None else None
            self._copy_layer(jobs, index, layer, pages, trace)
        self._embed = tensors.embed  # kept alive, as the kernel reads it
        self._model.embed = tensors.embed.data_ptr()
        self._model.norm = self._copy(jobs, -1, "norm", tensors.norm)
        self._model.head = self._copy(jobs, -1, "head", tensors.head)
        table = (STRUCTS["PanelJob"] * len(jobs))(*jobs)
        get_library().fathom_fill_panels(table, len(jobs), torch.get_num_threads())

    def _copy_layer(
        self, jobs: list[ctypes.Structure], index: int, layer: LayerTensors, pages: Tensor, trace: Tensor | None
    ) -> None:
        weights = dict(layer)
        model, kv_up = self._model, weights.pop("kv_up")
        assert kv_up is not None
        both = kv_up.view(model.heads, model.nope + model.value, model.latent)
        weights["key_up"] = both[:, : model.nope].transpose(1, 2)  # (H, L, N)
        weights["value_up"] = both[:, model.nope :]  # (H, V, L)
        if weights["router"] is not None and weights["bias"] is None:
            weights["bias"] = self._zero_bias
        gate = weights["gate"]
        self._layers[index] = struct(
            "DecodeLayer",
            cache=pages.data_ptr(),
            expert_trace=None if trace is None else trace.data_ptr(),
            inner=0 if gate is None else len(gate),
            **{name: None if x is None else self._copy(jobs, index, name, x) for name, x in weights.items()},
        )

    def _copy(self, jobs: list[ctypes.Structure], layer: int, name: str, tensor: Tensor) -> int:
        """The address of the copy that a job will make of ``tensor``; a vector is a matrix of one input."""
        stack = tensor[:, None] if tensor.dim() == 1 else tensor
        stack = stack[None] if stack.dim() == 2 else stack
        count, rows, columns = stack.shape
        size = count * -(-rows // LANES) * LANES * columns
        copy = self._copies.get((layer, name))
        if copy is None or len(copy) != size:
            self._copies[layer, name] = copy = torch.empty(size)
        shape = dict(zip(("count", "rows", "columns"), stack.shape, strict=True))
        strides = dict(zip(("matrix_stride", "row_stride", "column_stride"), stack.stride(), strict=True))
        jobs.append(struct("PanelJob", matrix=tensor.data_ptr(), panels=copy.data_ptr(), **shape, **strides))
        return copy.data_ptr()

    def step(self, inputs: StepInputs, vocab_limit: int) -> DecodeOutput:
        """Store the new token of every sequence in the pages, and sample the one after it, below ``vocab_limit``."""
        count = len(inputs.tokens)
        tensors = {field.name: getattr(inputs, field.name).contiguous() for field in fields(inputs)}
        ids, logprobs = torch.empty(count, dtype=torch.int64), torch.empty(count)
        width = self._model.width
        hidden = torch.empty(count, -(-width // LANES) * LANES)
        tensors |= {"ids": ids, "logprobs": logprobs, "hidden": hidden}
        call = struct(
            "DecodeStep",
            rows=count,
            table_stride=inputs.tables.shape[1],
            vocab_limit=vocab_limit,
            **{name: tensor.data_ptr() for name, tensor in tensors.items()},
        )
        get_library().fathom_decode_step(self._model, call, torch.get_num_threads())
        return DecodeOutput(ids, logprobs, hidden[:, :width])


def can_serve(tensors: ModelTensors, pages: Sequence[Tensor]) -> bool:
    """Whether the kernel takes these weights and this cache: float32, on the CPU, with a compiler at hand."""
    every = (*tensors.all(), *pages)
    plain = all(x.dtype == torch.float32 and x.device.type == "cpu" and x.is_contiguous() for x in every)
    return plain and not reference_is_forced() and library() is not None
