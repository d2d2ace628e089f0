"""One connection to an MCP server: opened when it is first needed, and again after it failed.

The package's client lives in a task of its own, as its streams must be closed where they were opened. Lists and calls
are sent as plain requests: the client's own methods would compile and run the server's schemas and patterns here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import mcp_types
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from fathom import __version__
from fathom.base.errors import FathomError
from fathom.server.tools.mcp.config import ServerConfig, StdioConfig
from fathom.server.tools.mcp.error_output import ErrorOutput
from fathom.server.tools.mcp.listing import MOST_TOOLS, ListedTool, listed_tools
from fathom.server.tools.mcp.program import ProgramTransport
from fathom.server.tools.tool import ToolError

CONNECT_SECONDS = 20.0
LIST_SECONDS = 15.0
CALL_SECONDS = 120.0
LONGEST_TEXT = 100_000
LARGEST_BODY = 16 * 2**20
_LARGEST_FILE = 8 * 2**20
_MOST_FILES = 8
_SHOWN_LOG = 600


@dataclass(frozen=True, slots=True)
class McpResult:
    """``files`` are pictures and sounds as (media type, bytes)."""

    text: str
    failed: bool
    files: tuple[tuple[str, bytes], ...] = ()


class McpConnection:
    """Speaks with the server ``name``. Every method connects first where that is needed; each raises ToolError.

    ``check_url`` is awaited before a server is reached over HTTP, and raises what keeps it from being reached.
    """

    def __init__(self, name: str, config: ServerConfig, check_url: Callable[[str], Awaitable[object]]) -> None:
        self.name = name
        self._config = config
        self._check_url = check_url
        self._last_words = ""
        self._problem = ""
        self._task: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._closing = asyncio.Event()

    async def tools(self) -> list[ListedTool]:
        """The server's tools, of all pages of its list."""
        listed: list[Any] = []
        cursor: str | None = None
        for _ in range(MOST_TOOLS):
            request = mcp_types.ListToolsRequest(params=mcp_types.PaginatedRequestParams(cursor=cursor))
            page = await self._request(request, mcp_types.ListToolsResult, LIST_SECONDS)
            listed += page.tools
            cursor = page.next_cursor
            if cursor is None or len(listed) >= MOST_TOOLS:
                break
        return listed_tools(
            self.name, ((tool.name, tool.title, tool.description, tool.input_schema) for tool in listed)
        )

    async def call(self, tool: str, arguments: dict[str, Any]) -> McpResult:
        """Call the tool that the server calls ``tool``."""
        request = mcp_types.CallToolRequest(params=mcp_types.CallToolRequestParams(name=tool, arguments=arguments))
        return _result(await self._request(request, mcp_types.CallToolResult, CALL_SECONDS))

    async def close(self) -> None:
        """End the connection, and the program of a stdio server."""
        self._closing.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = self._client = None

    async def _request(self, request: Any, result: Any, seconds: float) -> Any:
        client = await self._connect()
        try:
            return await client.session.send_request(request, result, request_read_timeout_seconds=seconds)
        except MCPError as error:
            if self._task is not None and not self._task.done() and error.code not in _BROKEN:
                raise ToolError(f"the server {self.name} refuses: {error.error.message[:500]}", "") from None
            await self._drop()
            raise self._failure(error.error.message) from None
        except ValueError as error:  # no result of the protocol
            raise ToolError(f"the server {self.name} answers what is none of MCP", "check the server") from error
        except Exception as error:
            await self._drop()
            raise self._failure(str(error) or type(error).__name__) from None

    async def _connect(self) -> Client:
        async with self._connecting:
            if self._client is not None and self._task is not None and not self._task.done():
                return self._client
            await self._drop()
            self._closing.clear()
            ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._serve(ready), name=f"mcp {self.name}")
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._client = await asyncio.shield(ready)
            except TimeoutError:
                await self._drop()
                raise self._failure(f"no answer in {CONNECT_SECONDS:g} s") from None
            except FathomError:
                raise
            except Exception as error:
                raise self._failure(_reason(error)) from None
            return self._client

    async def _serve(self, ready: asyncio.Future[Client]) -> None:
        """Hold the connection until it is closed or breaks."""
        try:
            async with self._transport() as transport, Client(transport, client_info=_INFO, cache=None) as client:
                ready.set_result(client)
                await self._closing.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error if isinstance(error, Exception) else ToolError("the connection was ended"))
                ready.exception()
            if isinstance(error, asyncio.CancelledError):
                raise

    @contextlib.asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        config = self._config
        if isinstance(config, StdioConfig):
            output = ErrorOutput()
            try:
                with output:
                    program = ProgramTransport(config, output.file)
                    try:
                        yield program.open()
                    finally:
                        self._problem = program.problem
            finally:
                self._last_words = output.end(_SHOWN_LOG)
            return
        await self._check_url(config.url)
        timeout = httpx2.Timeout(30.0, read=CALL_SECONDS)
        transport = _BoundedTransport(httpx2.AsyncHTTPTransport())
        async with httpx2.AsyncClient(headers=config.headers, timeout=timeout, transport=transport) as http:
            yield streamable_http_client(config.url, http_client=http)

    async def _drop(self) -> None:
        """Forget a connection that broke; the next use makes another."""
        task, self._task, self._client = self._task, None, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _failure(self, reason: str) -> ToolError:
        words, self._last_words = self._last_words, ""
        reason, self._problem = self._problem or reason, ""
        said = f"; it wrote: {words}" if words else ""
        return ToolError(f"the server {self.name} cannot be reached ({reason[:300]}{said})", "check the server")


_INFO = mcp_types.Implementation(name="fathom", version=__version__)
_BROKEN = (mcp_types.CONNECTION_CLOSED, mcp_types.REQUEST_TIMEOUT)


class _BoundedTransport(httpx2.AsyncBaseTransport):
    """Ends a response after `LARGEST_BODY` bytes."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        response.stream = _BoundedStream(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        received = 0
        async for piece in self._inner:
            received += len(piece)
            if received > LARGEST_BODY:
                raise httpx2.ReadError(f"the answer has more than {LARGEST_BODY >> 20} MB")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _reason(error: BaseException) -> str:
    """The words of the innermost error of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return f"there is no program {error.filename}"
    return str(error) or type(error).__name__


def _result(result: Any) -> McpResult:
    texts: list[str] = []
    files: list[tuple[str, bytes]] = []
    for block in result.content[:200]:
        if block.type == "text":
            texts.append(block.text)
        elif block.type in ("image", "audio") and len(files) < _MOST_FILES:
            with contextlib.suppress(binascii.Error, ValueError):
                if len(block.data) <= _LARGEST_FILE * 4 // 3:
                    files.append((block.mime_type, base64.b64decode(block.data, validate=True)))
        elif block.type == "resource" and getattr(block.resource, "text", None):
            texts.append(block.resource.text)
        elif block.type == "resource_link":
            texts.append(f"[{block.name}]({block.uri})")
    if not texts and result.structured_content is not None:
        texts.append(str(result.structured_content))
    return McpResult("\n\n".join(texts)[:LONGEST_TEXT], bool(result.is_error), tuple(files))
