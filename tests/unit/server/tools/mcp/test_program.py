"""Programs as MCP transports: lines without end, and programs that do not end (fathom.server.tools.mcp.program)."""

from __future__ import annotations

import sys
from pathlib import Path

import mcp_server
import pytest

from fathom.server.tools.mcp.config import StdioConfig
from fathom.server.tools.mcp.connection import McpConnection
from fathom.server.tools.tool import ToolError


async def anywhere(url: str) -> None:
    """Every address may be reached."""


def stdio(program: Path = Path(mcp_server.__file__)) -> McpConnection:
    return McpConnection("notes", StdioConfig(command=sys.executable, args=[str(program)]), anywhere)


ENDLESS = """
import os
while True:
    try:
        os.write(1, b"x" * 65536)
    except OSError:
        break
"""


async def test_a_line_without_end_ends_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fathom.server.tools.mcp.program.LONGEST_LINE", 1 << 20)
    monkeypatch.setattr("fathom.server.tools.mcp.program.END_SECONDS", 0.2)
    program = tmp_path / "program.py"
    program.write_text(ENDLESS)
    connection, other = stdio(program), stdio()
    with pytest.raises(ToolError, match=r"notes cannot be reached \(it wrote a line of more than 1 MB\)"):
        await connection.tools()
    assert (await other.call("add", {"a": 1, "b": 1})).text == "2"
    await other.close()
    await connection.close()


async def test_a_line_without_end_in_a_call_is_said_and_the_next_call_connects_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("fathom.server.tools.mcp.program.LONGEST_LINE", 1 << 17)
    connection = stdio()
    with pytest.raises(ToolError, match="it wrote a line of more than 0 MB"):
        await connection.call("large", {})
    assert (await connection.call("add", {"a": 1, "b": 1})).text == "2"
    await connection.close()


async def test_a_program_that_ignores_every_signal_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fathom.server.tools.mcp.program.END_SECONDS", 0.3)
    program, ids = tmp_path / "program.py", tmp_path / "ids"
    program.write_text(
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()\n"
        f"open({str(ids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)"
    )
    monkeypatch.setattr("fathom.server.tools.mcp.connection.CONNECT_SECONDS", 1.5)
    connection = stdio(program)
    with pytest.raises(ToolError, match="no answer"):
        await connection.tools()
    await connection.close()
    pids = [int(line) for line in ids.read_text().split()]
    assert len(pids) == 2
    for pid in pids:
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"
