"""What ``Layout`` names: how a stored tensor is put into our parameter, and how it is taken out again.

H query heads · N, V channels of a head's key (nope) and value · R latent rank · E experts · I, O in, out
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from fathom.checkpoint.names import Place
from fathom.model.config import GQAConfig, MLAConfig, ModelConfig
from fathom.model.families.tensor_names import Layout


def stored_shape(place: Place, parameter: tuple[int, ...], config: ModelConfig) -> tuple[int, ...]:
    """The shape that a tensor at ``place`` must have, given our parameter's."""
    if place.layout in (Layout.EXPERT, Layout.ROW):
        return parameter[1:]
    if place.layout is Layout.KEY_UP:
        mla = _mla(config)
        return mla.num_heads, mla.kv_lora_rank, mla.qk_nope_head_dim
    if place.layout is Layout.VALUE_UP:
        mla = _mla(config)
        return mla.num_heads, mla.v_head_dim, mla.kv_lora_rank
    return parameter


def joined_shape(parts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape of a stored tensor that has the rows of all ``parts``."""
    return (sum(part[0] for part in parts), *parts[0][1:]) if len(parts) > 1 else parts[0]


def fits(
    stored: tuple[int, ...], places: Sequence[Place], parameters: Sequence[tuple[int, ...]], config: ModelConfig
) -> bool:
    """Whether a tensor of the shape ``stored`` may be at ``places``, given our parameters' shapes. In GGUF a vector and
    a matrix of one row are the same.
    """
    pairs = zip(places, parameters, strict=True)
    expected = joined_shape([stored_shape(place, parameter, config) for place, parameter in pairs])
    return stored == expected or (places[0].layout is Layout.ROW and stored == parameters[0])


def put(stored: Tensor, parameter: Tensor, place: Place, config: ModelConfig) -> None:
    """Copy ``stored`` to where it belongs in ``parameter``, converting its dtype on the way."""
    window = _window(parameter, place, config)
    if place.layout in (Layout.ROTARY_Q, Layout.ROTARY_K):
        stored = from_pairs(stored, _heads(place, config))
    elif place.layout is Layout.KEY_UP:
        stored = stored.transpose(1, 2)  # (H, R, N) → (H, N, R)
    elif place.layout is Layout.PLUS_ONE:
        stored = stored - 1
    window.copy_(stored.view_as(window) if place.layout is Layout.ROW else stored)


def take(parameter: Tensor, place: Place, config: ModelConfig) -> Tensor:
    """What a file stores at ``place``: the inverse of ``put``, contiguous."""
    window = _window(parameter, place, config)
    if place.layout in (Layout.ROTARY_Q, Layout.ROTARY_K):
        window = to_pairs(window, _heads(place, config))
    elif place.layout is Layout.KEY_UP:
        window = window.transpose(1, 2)  # (H, N, R) → (H, R, N)
    elif place.layout is Layout.PLUS_ONE:
        window = window.float() + 1
    return window.contiguous()


def take_joined(parameters: Mapping[str, Tensor], places: Sequence[Place], config: ModelConfig) -> Tensor:
    """What a file stores of the parameters at ``places``, one after another."""
    parts = [take(parameters[place.name].detach(), place, config) for place in places]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def from_pairs(rows: Tensor, heads: int) -> Tensor:
    """Reorder the rows (O, …) of each head from rotary pairs (2i, 2i+1) to (i, i + d/2)."""
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)


def to_pairs(rows: Tensor, heads: int) -> Tensor:
    """The inverse of ``from_pairs``."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)


def row_order(place: Place, rows: int, config: ModelConfig) -> list[int]:
    """For a layout that only moves rows: the index of the stored row for each of our rows."""
    assert place.layout in (Layout.ROTARY_Q, Layout.ROTARY_K)
    order: list[int] = from_pairs(torch.arange(rows), _heads(place, config)).tolist()
    return order


def _window(parameter: Tensor, place: Place, config: ModelConfig) -> Tensor:
    if place.layout is Layout.EXPERT:
        return parameter[place.expert]
    if place.layout is Layout.ROW:
        return parameter[0]
    if place.layout in (Layout.KEY_UP, Layout.VALUE_UP):
        mla = _mla(config)
        heads = parameter.view(mla.num_heads, mla.qk_nope_head_dim + mla.v_head_dim, mla.kv_lora_rank)
        key, value = torch.split(heads, [mla.qk_nope_head_dim, mla.v_head_dim], dim=1)
        return key if place.layout is Layout.KEY_UP else value
    return parameter


def _heads(place: Place, config: ModelConfig) -> int:
    assert isinstance(config.attention, GQAConfig)  # only the Llama table names this layout
    return config.attention.num_heads if place.layout is Layout.ROTARY_Q else config.attention.num_kv_heads


def _mla(config: ModelConfig) -> MLAConfig:
    assert isinstance(config.attention, MLAConfig)  # only the DeepSeek table names these layouts
    return config.attention
