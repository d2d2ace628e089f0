"""Operations and the choice of their implementation.

An *operation* is a function of this package whose body, in plain torch, is its specification and its reference
implementation. A *kernel* is a faster implementation for one backend, listed in :mod:`fathom.kernels.implementations`.
A call goes to the first kernel that is listed for the device and the dtype (or storage format) and accepts the
arguments, else to the reference. Callers need not know which one served them.

``FATHOM_KERNELS=ref`` in the environment, or :func:`reference_only` in a program, forces the reference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from importlib import import_module
from typing import Any, Generic, ParamSpec, TypeVar

import torch

from fathom.kernels.implementations import TABLE, Implementation

P = ParamSpec("P")
R = TypeVar("R")

Key = tuple[str, Hashable]
"""Type of device, and dtype or storage format."""


@dataclass(frozen=True, slots=True)
class Kernel(Generic[P, R]):
    """A fast implementation. ``accepts`` answers, for the arguments of a call, whether it can take them."""

    function: Callable[P, R]
    accepts: Callable[P, bool]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


def kernel(accepts: Callable[..., bool]) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Decorator of a fast implementation."""
    return lambda function: Kernel(function, accepts)


def wide_dtype(dtype: torch.dtype) -> torch.dtype:
    """The type that references compute in for inputs of ``dtype``. They round once, at the end; a kernel may order its
    sums differently, but may not round more often than the types of its results force it to.
    """
    return torch.float64 if dtype == torch.float64 else torch.float32


_OPERATIONS: dict[str, Operation[..., Any]] = {}
_TABLE = list(TABLE)
_FORCED: list[bool] = []


class Operation(Generic[P, R]):
    """A function with a reference and any number of kernels; made by :func:`operation`."""

    def __init__(self, reference: Callable[P, R], key: Callable[..., Key]) -> None:
        self.name = f"{reference.__module__.rpartition('.')[2]}.{reference.__name__}"
        self.reference = reference
        self._key = key
        update_wrapper(self, reference)
        _OPERATIONS[self.name] = self
        self.forget()

    def forget(self) -> None:
        """Look kernels up anew at the next call."""
        self._training: dict[Key, tuple[Kernel[P, R], ...]] = {}
        self._inference: dict[Key, tuple[Kernel[P, R], ...]] = {}
        self._serves_inference = any(row.operation == self.name and not row.training_only for row in _TABLE)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        training = torch.is_grad_enabled()
        if training or self._serves_inference:
            key = self._key(*args)
            kernels = (self._training if training else self._inference).get(key)
            for candidate in self._resolve(key, training) if kernels is None else kernels:
                if candidate.accepts(*args, **kwargs):
                    return candidate.function(*args, **kwargs)
        return self.reference(*args, **kwargs)

    def select(self, *args: P.args, **kwargs: P.kwargs) -> Kernel[P, R] | None:
        """The kernel that a call with these arguments goes to; None: the reference."""
        candidates = self._resolve(self._key(*args), torch.is_grad_enabled())
        return next((candidate for candidate in candidates if candidate.accepts(*args, **kwargs)), None)

    def has_kernel(self, device: str, kind: Hashable) -> bool:
        """Whether this machine has a kernel for a type of device and a dtype or format, in training at least; it may
        decline some shapes.
        """
        return bool(self._resolve((device, kind), training=True))

    def _resolve(self, key: Key, training: bool) -> tuple[Kernel[P, R], ...]:
        cache = self._training if training else self._inference
        if key not in cache:
            rows = [] if reference_is_forced() else _rows(self.name, key)
            cache[key] = tuple(load(row) for row in rows if training or not row.training_only)
        return cache[key]


def operation(key: Callable[..., Key] | None = None) -> Callable[[Callable[P, R]], Operation[P, R]]:
    """Decorator that makes an operation of its reference implementation.

    ``key`` gives device and kind from the positional arguments; by default those of the first, a tensor.
    """
    return lambda reference: Operation(reference, key or _of_first)


def _of_first(x: torch.Tensor, *_: Any) -> Key:
    return x.device.type, x.dtype


def operations() -> dict[str, Operation[..., Any]]:
    """Every operation by name, ``norm.rms_norm`` for one."""
    for name in {row.operation.partition(".")[0] for row in TABLE}:
        import_module(f"fathom.kernels.{name}")
    return dict(_OPERATIONS)


def load(row: Implementation) -> Any:
    """The :class:`Kernel` of a row of the table, whether or not this machine should use it."""
    module, _, function = row.operation.rpartition(".")
    return getattr(import_module(f"{row.backend.package}.{module}"), function)


def _rows(name: str, key: Key) -> list[Implementation]:
    device, kind = key
    rows = (row for row in _TABLE if row.operation == name and row.backend.device == device and kind in row.kinds)
    return [row for row in rows if row.backend.is_available()]


def reference_is_forced() -> bool:
    """Whether ``FATHOM_KERNELS=ref`` or :func:`reference_only` is in force."""
    return bool(_FORCED) or os.environ.get("FATHOM_KERNELS") == "ref"


@contextmanager
def reference_only() -> Iterator[None]:
    """Within, every operation runs its reference."""
    _FORCED.append(True)
    _forget()
    try:
        yield
    finally:
        _FORCED.pop()
        _forget()


@contextmanager
def additional(*rows: Implementation) -> Iterator[None]:
    """Within, ``rows`` stand before those of the table: for kernels from outside, and for tests."""
    _TABLE[:0] = rows
    _forget()
    try:
        yield
    finally:
        for row in rows:
            _TABLE.remove(row)
        _forget()


def _forget() -> None:
    for one in _OPERATIONS.values():
        one.forget()
