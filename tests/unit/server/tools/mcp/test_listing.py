"""Hostile lists of tools stay small and harmless."""

from typing import Any

import pytest

from fathom.server.tools.mcp.listing import MOST_TOOLS, bounded_schema, listed_tools

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def test_names_are_ours() -> None:
    tools = listed_tools(
        "notes",
        [("add item", "Add", "Adds\n\nan item", SCHEMA), ("add_item", None, None, SCHEMA), ("", None, None, {})],
    )
    (tool,) = tools
    assert (tool.name, tool.remote, tool.title, tool.description) == (
        "notes__add_item",
        "add item",
        "Add",
        "Adds an item",
    )


def test_everything_is_bounded() -> None:
    tools = listed_tools("n", [(f"{i}" + "x" * 500, "t" * 500, "d" * 9999, SCHEMA) for i in range(500)])
    assert len(tools) == MOST_TOOLS
    assert max(len(tool.name) for tool in tools) == 64
    assert max(len(tool.description) for tool in tools) == 1500
    assert max(len(tool.title) for tool in tools) == 100


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [None, [], "x", {"type": "string"}, {"type": "object", "description": "x" * 20_000}, nested(50), nested(50_000)],
)
def test_schemas_that_are_none_become_any_object(schema: object) -> None:
    assert bounded_schema(schema) == {"type": "object"}


def test_other_schemas_stay() -> None:
    assert bounded_schema(nested(4)) == nested(4)
