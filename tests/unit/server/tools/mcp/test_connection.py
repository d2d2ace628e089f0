"""A real MCP server over both transports: listed, called, crashed and connected again."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import mcp_server
import pytest

from fathom.server.tools.mcp.config import HttpConfig, StdioConfig
from fathom.server.tools.mcp.connection import LONGEST_TEXT, McpConnection
from fathom.server.tools.tool import ToolError

SCRIPT = str(Path(mcp_server.__file__))


async def anywhere(url: str) -> None:
    """Every address may be reached."""


def stdio(**fields: object) -> McpConnection:
    config = StdioConfig(**{"command": sys.executable, "args": [SCRIPT], **fields})  # type: ignore[arg-type]
    return McpConnection("notes", config, anywhere)


@pytest.fixture
async def connection(request: pytest.FixtureRequest) -> AsyncIterator[McpConnection]:
    if request.param == "stdio":
        connection = stdio()
        yield connection
        await connection.close()
        return
    with mcp_server.http_server() as url:
        connection = McpConnection("notes", HttpConfig(url=url), anywhere)
        yield connection
        await connection.close()


@pytest.mark.parametrize("connection", ["stdio", "http"], indirect=True)
async def test_tools_are_listed_and_called(connection: McpConnection) -> None:
    tools = {tool.name: tool for tool in await connection.tools()}
    assert {"notes__add", "notes__fail"} <= set(tools)
    assert tools["notes__add"].description == "Adds two numbers."
    assert set(tools["notes__add"].parameters["properties"]) == {"a", "b"}
    assert (await connection.call("add", {"a": 2, "b": 3})).text == "5"
    failed = await connection.call("fail", {})
    assert failed.failed
    assert "nothing works today" in failed.text
    assert len((await connection.call("large", {})).text) == LONGEST_TEXT
    assert (await connection.call("picture", {})).files == (("image/png", b"\x89PNG"),)
    assert (await connection.call("nothing", {})).failed


async def test_a_program_sees_no_variable_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("FATHOM_API_KEY", "secret")
    connection = stdio(env={"NOTES": "1"})
    names = (await connection.call("environment", {})).text.split()
    await connection.close()
    assert "NOTES" in names
    assert not {"OPENAI_API_KEY", "FATHOM_API_KEY", "PYTHONPATH"} & set(names)


async def test_a_crash_is_said_and_the_next_call_connects_again() -> None:
    connection = stdio()
    with pytest.raises(ToolError, match=r"the server notes cannot be reached .*the last words"):
        await connection.call("crash", {})
    assert (await connection.call("add", {"a": 1, "b": 1})).text == "2"
    await connection.close()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"command": "/nowhere/program"}, "there is no program /nowhere/program"),
        ({"args": ["-c", "raise SystemExit('wrong module')"]}, "wrong module"),
    ],
)
async def test_a_program_that_does_not_start_says_why(fields: dict[str, object], message: str) -> None:
    connection = stdio(**fields)
    with pytest.raises(ToolError, match=message):
        await connection.tools()
    await connection.close()


async def test_an_address_without_a_server() -> None:
    connection = McpConnection("notes", HttpConfig(url="http://127.0.0.1:9/mcp"), anywhere)
    with pytest.raises(ToolError, match="the server notes cannot be reached"):
        await connection.tools()
    await connection.close()


async def test_an_address_that_is_not_allowed_is_not_reached() -> None:
    async def refuse(url: str) -> None:
        raise ToolError("not there", "")

    with mcp_server.http_server() as url:
        connection = McpConnection("notes", HttpConfig(url=url), refuse)
        with pytest.raises(ToolError, match="not there"):
            await connection.tools()
        await connection.close()


async def test_a_program_that_prints_something_else_does_not_fill_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fathom.server.tools.mcp.connection.CONNECT_SECONDS", 2.0)
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint('hello\\n' * 1000, flush=True)\nsys.stdin.read()")
    connection = stdio(args=[str(program)])
    with pytest.raises(ToolError, match="no answer in 2 s"):
        await connection.tools()
    await connection.close()
    assert not caplog.records
