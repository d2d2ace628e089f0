"""Nested state as tensors and JSON, and back: what optimizers, loaders and generators of random numbers hand over.

A pickle would hold the same and could run code when it is read. Here the tensors go into a safetensors file under their
path, and the rest into JSON with a mark where each tensor belongs. Tuples and keys that are no strings survive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from fathom.base.errors import CheckpointError

TENSOR, TUPLE, PAIRS = "$tensor", "$tuple", "$pairs"
_PLAIN = (str, int, float, bool, type(None))


def split(tree: Any, path: str = "") -> tuple[Any, dict[str, Tensor]]:
    """(what JSON can hold, tensors by path). Raises CheckpointError for anything that is neither."""
    tensors: dict[str, Tensor] = {}
    return _skeleton(tree, path, tensors), tensors


def join(skeleton: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What was split."""
    if isinstance(skeleton, list):
        return [join(item, tensors) for item in skeleton]
    if not isinstance(skeleton, dict):
        return skeleton
    if TENSOR in skeleton:
        return tensors[skeleton[TENSOR]]
    if TUPLE in skeleton:
        return tuple(join(item, tensors) for item in skeleton[TUPLE])
    if PAIRS in skeleton:
        return {join(key, tensors): join(value, tensors) for key, value in skeleton[PAIRS]}
    return {key: join(value, tensors) for key, value in skeleton.items()}


def _skeleton(tree: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, Tensor):
        tensors[path] = tree
        return {TENSOR: path}
    if isinstance(tree, list):
        return [_skeleton(item, below, tensors) for below, item in _enumerate_items(tree, path)]
    if isinstance(tree, tuple):
        return {TUPLE: [_skeleton(item, below, tensors) for below, item in _enumerate_items(tree, path)]}
    if isinstance(tree, Mapping):
        inner = [(key, _skeleton(value, f"{path}/{key}".lstrip("/"), tensors)) for key, value in tree.items()]
        plain = all(isinstance(key, str) and not key.startswith("$") for key in tree)
        return dict(inner) if plain else {PAIRS: [[_skeleton(key, path, tensors), value] for key, value in inner]}
    if isinstance(tree, _PLAIN):
        return tree
    raise CheckpointError(f"{path or 'the state'} holds a {type(tree).__name__}", "keep tensors and plain values only")


def _enumerate_items(items: list[Any] | tuple[Any, ...], path: str) -> Iterator[tuple[str, Any]]:
    return ((f"{path}/{index}".lstrip("/"), item) for index, item in enumerate(items))
