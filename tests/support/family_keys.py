"""Configuration keys for tests of one family, without a file."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fathom.base.errors import ConfigError


class HFValues:
    """``HFKeys`` over a dict, which records the keys that were read."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.known: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.known.add(key)
        return self.values.get(key, default)

    def need(self, key: str) -> Any:
        self.known.add(key)
        if key not in self.values:
            raise ConfigError(f"{key} is missing", "add it")
        return self.values[key]

    def ignore(self, *keys: str) -> None:
        self.known |= set(keys)


class GGUFValues:
    """``GGUFKeys`` over a dict without prefix."""

    prefix = "arch."

    def __init__(self, tensors: Collection[str] = (), **values: Any) -> None:
        self.values = {key.replace("__", "."): value for key, value in values.items()}
        self.tensors = tensors

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    def need(self, key: str) -> Any:
        if key not in self.values:
            raise ConfigError(f"{self.prefix}{key} is missing", "add it")
        return self.values[key]

    def number(self, key: str, default: int | None = None) -> int:
        return self.need(key) if default is None else self.values.get(key, default)
