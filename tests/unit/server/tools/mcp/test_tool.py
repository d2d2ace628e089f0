"""A tool of a server, as a model calls it."""

from types import SimpleNamespace
from typing import Any

import pytest
from tool_calls import call_context

from fathom.server.tools.mcp.listing import ListedTool
from fathom.server.tools.mcp.tool import McpTool
from fathom.server.tools.tool import ProducedFile, ToolError

LISTED = ListedTool("notes__add", "add", "Add", "Adds", {"type": "object"})


def tool(text: str, *, failed: bool = False, files: tuple[tuple[str, bytes], ...] = (), keep: bool = True) -> McpTool:
    async def send(name: str, arguments: dict[str, Any]) -> Any:
        assert (name, arguments) == ("add", {"a": 1})
        return SimpleNamespace(text=text, failed=failed, files=files)

    async def keep_file(name: str, media_type: str, data: bytes) -> ProducedFile:
        return ProducedFile("id", name, media_type)

    return McpTool("notes", LISTED, send, keep_file if keep else None)


async def test_text_and_files() -> None:
    result = await tool("done", files=(("image/png", b"x"),)).call({"a": 1}, call_context())
    assert (result.text, result.files) == ("done", (ProducedFile("id", "add-1.png", "image/png"),))
    assert (await tool("", files=(("image/png", b"x"),), keep=False).call({"a": 1}, call_context())).files == ()


async def test_a_failure_is_an_error_for_the_model() -> None:
    with pytest.raises(ToolError, match="no such note"):
        await tool("no such note", failed=True).call({"a": 1}, call_context())


def test_what_a_server_says_of_harmlessness_is_not_believed() -> None:
    assert tool("x").effects
    assert not tool("x").repeatable
    assert (tool("x").name, tool("x").title, tool("x").description) == ("notes__add", "Add", "Adds")
