"""What a server says of its tools, bounded: it goes into prompts, and strangers wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_TOOLS = 64
_LONGEST_NAME = 64
_LONGEST_DESCRIPTION = 1500
_LONGEST_SCHEMA = 16_000
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class ListedTool:
    """``name`` is ours (``server__tool``), ``remote`` the server's."""

    name: str
    remote: str
    title: str
    description: str
    parameters: Mapping[str, Any]


def listed_tools(server: str, tools: Iterable[tuple[str, str | None, str | None, Any]]) -> list[ListedTool]:
    """The tools of ``server`` from their names, titles, descriptions and schemas; of two with one name the first."""
    listed: dict[str, ListedTool] = {}
    for remote, title, description, schema in tools:
        prefix = f"{server}__"
        name = prefix + re.sub(r"[^A-Za-z0-9_-]", "_", remote)[: _LONGEST_NAME - len(prefix)]
        if name == prefix or name in listed:
            continue
        text = " ".join((description or "").split())[:_LONGEST_DESCRIPTION]
        shown = " ".join((title or remote).split())[:100]
        listed[name] = ListedTool(name, remote, shown, text or shown, bounded_schema(schema))
        if len(listed) == MOST_TOOLS:
            break
    return list(listed.values())


def bounded_schema(schema: Any) -> Mapping[str, Any]:
    """A schema of an object as it is, or of any object where it is none, too large, or too deep."""
    anything: Mapping[str, Any] = {"type": "object"}
    if not isinstance(schema, dict) or schema.get("type") != "object" or _depth(schema, _DEEPEST) > _DEEPEST:
        return anything
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError):
        return anything
    return schema if len(text) <= _LONGEST_SCHEMA else anything


def _depth(value: Any, enough: int) -> int:
    """How deep a value is nested, counted to one more than ``enough``."""
    if enough < 0 or not isinstance(value, dict | list):
        return 0 if enough >= 0 else 1
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(one, enough - 1) for one in inner), default=0)
