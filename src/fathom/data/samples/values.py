"""Values of records as text: what people and the tools before us make of a field.

Numbers count as text (an answer ``42``), content may come in parts, lists as JSON text; null is absent, as in the
columns of a table that mixes formats. Whatever else is in the place of a text is refused by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from fathom.base.errors import DataError

TEXT_PARTS = ("text", "input_text", "output_text")
"""Types of a part of content that hold text."""


def first_value(data: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value of the first of these fields that is there and not null."""
    return next((value for name in names if (value := data.get(name)) is not None), None)


def first_text(data: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The text of the first of these fields that has one; empty ones do not count. Raises DataError where the only
    ones hold something else.
    """
    wrong = None
    for name in names:
        value = data.get(name)
        text = scalar_text(value)
        if text is not None and text.strip():
            return text
        if text is None and value is not None and not _is_nan(value):
            wrong = wrong or f"its {name} is {kind_of(value)}, not text"
    if wrong is not None:
        raise DataError(wrong)
    return None


def first_string(data: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The first of these fields that is text and not blank; fields of another type are flags and the like."""
    return next((value for name in names if isinstance(value := data.get(name), str) and value.strip()), None)


def scalar_text(value: Any) -> str | None:
    """A text, number or truth value as text, as JSON writes it; a whole number has no ``.0``. None for all else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None


def content_text(value: Any, what: str) -> str | None:
    """The text of a message's content: text, a number, or parts of text one after another. None where it is null or
    NaN, as tables write it. ``what`` names it in errors.
    """
    if value is None or _is_nan(value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return "".join(_part_text(part, what) for part in value)
    text = scalar_text(value)
    if text is None:
        raise DataError(f"the content of {what} is {kind_of(value)}, not text")
    return text


def parse_json_text(value: Any) -> Any:
    """The value, or what it holds where it is JSON text of a list or an object."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def kind_of(value: Any) -> str:
    """What a value is, in words of JSON."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"


def _part_text(part: Any, what: str) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, Mapping) else None
    text = part.get("text") if isinstance(part, Mapping) else None
    if kind not in TEXT_PARTS or not isinstance(text, str):
        shown = kind if isinstance(kind, str) and kind not in TEXT_PARTS else kind_of(part)
        raise DataError(f"the content of {what} has a part that is no text ({shown})")
    return text


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
