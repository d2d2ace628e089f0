"""The wire format of two processes of which one is not trusted: plain values as lines of JSON.

Numbers, texts, bytes and built-in containers can be sent; objects with behaviour cannot. An object whose ``==`` is
always true is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_CONTAINERS: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def dumps(value: Any) -> str:
    """A value as one line. Raises TypeError for a value that is not plain."""
    return json.dumps(_plain(value))


def loads(line: str) -> Any:
    """The value of one line. Raises ValueError (or TypeError, KeyError, RecursionError) for a line that `dumps` never
    wrote.
    """
    return _value(json.loads(line))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, bytes | bytearray):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    for name, container in _CONTAINERS.items():
        if isinstance(value, container) and isinstance(value, Iterable):
            return {name: [_plain(item) for item in value]}
    raise TypeError(f"a {type(value).__name__} is not a plain value")


def _value(plain: Any) -> Any:
    if not isinstance(plain, dict):
        if isinstance(plain, list):
            raise ValueError("a bare list")
        return plain
    ((name, content),) = plain.items()
    if name == "bytes":
        return bytes.fromhex(content)
    if name == "complex":
        return complex(*content)
    if name == "dict":
        return {_value(key): _value(item) for key, item in content}
    return _CONTAINERS[name](map(_value, content))
