"""The values of keywords: numbers, counts and constants, within what the grammar engine reads exactly."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.json_schema.document import MAX_DEPTH, describe, nesting_error

LARGEST_INTEGER = 2**53
"""Beyond it the grammar engine, which computes with doubles and integers of 64 bits, would change a number."""
LARGEST_COUNT = 2**31


def is_number(value: Any) -> TypeGuard[int | float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any, path: JsonPath) -> int | float:
    """Raises SchemaError for anything else."""
    if not is_number(value):
        raise SchemaError(f"this is {describe(value)}", "write a number", path)
    return value


def bound(value: Any, path: JsonPath) -> int | float:
    """A bound of numbers. A wider one than the engine reads is narrowed; where nothing would be left, SchemaError."""
    limit = number(value, path)
    if abs(limit) <= LARGEST_INTEGER:
        return limit
    if (limit > 0) == str(path[-1]).endswith("inimum"):
        raise _beyond(path)
    return math.copysign(LARGEST_INTEGER, limit) if isinstance(limit, float) else _sign(limit) * LARGEST_INTEGER


def count(value: Any, path: JsonPath) -> int | None:
    """A number of characters, items or properties; None where an upper limit is beyond anything that is generated."""
    if not is_number(value) or value < 0 or value != int(value):
        raise SchemaError(f"this is {describe(value)}", "write a whole number, at least 0", path)
    if value <= LARGEST_COUNT:
        return int(value)
    if str(path[-1]).startswith("min"):
        raise _beyond(path)
    return None


def check_constant(value: Any, path: JsonPath) -> None:
    """Raises SchemaError for a constant that the grammar engine would change or not read."""
    pending = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise nesting_error(path)
        if isinstance(item, int) and abs(item) > LARGEST_INTEGER:
            raise _beyond(path)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        pending += ((child, depth + 1) for child in children)


def _sign(value: int) -> int:
    return 1 if value > 0 else -1


def _beyond(path: JsonPath) -> SchemaError:
    return SchemaError("this number is too large", "choose one up to 2**53, or a string", path)
