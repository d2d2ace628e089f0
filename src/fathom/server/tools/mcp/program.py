"""A program of this machine as an MCP transport: JSON-RPC in lines over its standard input and output.

The package's own transport keeps a line until it ends, however long it becomes, and reads it again with every piece.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TextIO

import anyio
import mcp_types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from fathom.base.uninterrupted import run_uninterrupted
from fathom.server.tools.mcp.config import StdioConfig

LONGEST_LINE = 16 * 2**20
"""In bytes; at most twice as many are kept."""
END_SECONDS = 2.0
"""How long a program may take to end: after its input has ended, and again after SIGTERM."""
_PIECE = 65536
_POLL_SECONDS = 0.01

Received = SessionMessage | Exception
Streams = tuple[MemoryObjectReceiveStream[Received], MemoryObjectSendStream[SessionMessage]]


class ProgramTransport:
    """Runs the program of ``config``, whose standard error goes to ``errors``.

    ``problem`` says what it did wrong where that ended the connection, and is empty otherwise.
    """

    def __init__(self, config: StdioConfig, errors: TextIO) -> None:
        self.problem = ""
        self._config = config
        self._errors = errors

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Streams]:
        """The streams of messages from and to the program, which is ended afterwards. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            self._config.command,
            *self._config.args,
            env=get_default_environment() | self._config.env,
            cwd=self._config.cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        incoming, received = anyio.create_memory_object_stream[Received](0)
        sent, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        tasks = (
            asyncio.create_task(self._read(process, incoming)),
            asyncio.create_task(self._write(process, outgoing, incoming)),
        )
        try:
            yield received, sent
        finally:
            received.close()
            sent.close()
            await run_uninterrupted(self._end(process, tasks))

    async def _read(self, process: asyncio.subprocess.Process, incoming: MemoryObjectSendStream[Received]) -> None:
        """Hand on one message a line; when no one takes them any more, read on, or the program could not end."""
        assert process.stdout is not None
        with incoming, suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            try:
                while line := await process.stdout.readline():
                    await incoming.send(_message(line))
            except ValueError:
                self.problem = f"it wrote a line of more than {LONGEST_LINE >> 20} MB"
        while await process.stdout.read(_PIECE):
            pass

    async def _write(
        self,
        process: asyncio.subprocess.Process,
        outgoing: MemoryObjectReceiveStream[SessionMessage],
        incoming: MemoryObjectSendStream[Received],
    ) -> None:
        assert process.stdin is not None
        try:
            async with outgoing:
                async for item in outgoing:
                    json = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                    process.stdin.write(json.encode() + b"\n")
                    await process.stdin.drain()
        except OSError:  # it takes no requests: those that wait for an answer end with the stream
            incoming.close()
        finally:
            process.stdin.close()

    async def _end(self, process: asyncio.subprocess.Process, tasks: tuple[asyncio.Task[None], ...]) -> None:
        """Wait for the program, whose input has ended, then end it and what it started."""
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None and process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, number)
            if await _has_ended(process, 0.0 if self.problem and number is None else END_SECONDS):
                break
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _message(line: bytes) -> Received:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _has_ended(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether it ends in time. `Process.wait` would also wait for others that hold its output."""
    deadline = asyncio.get_running_loop().time() + seconds
    while process.returncode is None:
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True
