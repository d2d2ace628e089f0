"""The wire format of two processes of which one is not trusted: plain values as lines of JSON.

Numbers, texts, bytes and built-in containers can be sent; iterators arrive as iterators over the same values. Objects
with behaviour cannot: one whose ``==`` is always true is refused.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, KeysView, ValuesView
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

MAX_ITERATED = 10_000
"""Values of an iterator that are sent; it may be endless."""

_CONTAINERS: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "deque": deque}


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
    if isinstance(value, range):
        return {"range": [value.start, value.stop, value.step]}
    if isinstance(value, Fraction | Decimal):
        return {type(value).__name__.lower(): str(value)} if type(value) in (Fraction, Decimal) else _refuse(value)
    if isinstance(value, Iterator | ValuesView):
        return {"iterator": [_plain(item) for item in islice(value, MAX_ITERATED)]}
    if isinstance(value, KeysView):
        return {"set": [_plain(item) for item in value]}
    for name, container in _CONTAINERS.items():
        if isinstance(value, container) and isinstance(value, Iterable):
            return {name: [_plain(item) for item in value]}
    return _refuse(value)


def _refuse(value: Any) -> Any:
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
    if name == "range":
        return range(*content)
    if name in ("fraction", "decimal"):
        return Fraction(content) if name == "fraction" else Decimal(content)
    if name == "iterator":
        return iter([_value(item) for item in content])
    return _CONTAINERS[name](map(_value, content))
