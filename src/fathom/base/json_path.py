"""Paths into JSON values, as error messages write them: ``properties.city.enum[2]``."""

from __future__ import annotations

import re

JsonPath = tuple[str | int, ...]
"""Keys of objects and indices of lists, from the outside in."""

_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*")


def format_path(path: JsonPath) -> str:
    """The path as text; keys that are no identifiers are in brackets and quotes. At most 200 characters."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}"
        else:
            text += f"[{step!r}]"
    text = text.removeprefix(".")
    return text if len(text) <= 200 else f"{text[:100]}…{text[-99:]}"
