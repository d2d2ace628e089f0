"""A real MCP server written with the official package; run as a program it speaks over stdio."""

from __future__ import annotations

import base64
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ImageContent

server = MCPServer("notes")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


@server.tool()
def environment() -> str:
    """The names of the variables that this program sees."""
    return " ".join(sorted(os.environ))


@server.tool()
def fail() -> str:
    """Fails."""
    raise ToolError("nothing works today")


@server.tool()
def crash() -> str:
    """Ends the process."""
    print("the last words", file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
def large() -> str:
    """A large text."""
    return "x" * 300_000


@server.tool()
def picture() -> ImageContent:
    """A picture."""
    return ImageContent(type="image", data=base64.b64encode(b"\x89PNG").decode(), mime_type="image/png")


@contextmanager
def http_server() -> Iterator[str]:
    """The same over streamable HTTP, on a port of the loopback; its URL."""
    app = server.streamable_http_app()
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        threading.Event().wait(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        running.should_exit = True
        thread.join(20)


if __name__ == "__main__":
    server.run("stdio")
