"""A site that never lets go: bodies, headers and handshakes without end, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


@dataclass
class HostileSite:
    """``sent`` counts bytes by path, ``left`` the paths whose client went away while the answer went on."""

    url: str
    host: str
    sent: dict[str, int] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


@asynccontextmanager
async def hostile_site(answers: dict[str, Callable[[], AsyncIterator[bytes]]]) -> AsyncIterator[HostileSite]:
    """Each path's answer is a stream of raw bytes, HTTP and all."""

    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError, asyncio.CancelledError):
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ")[1].decode()
            try:
                async for piece in answers[path]():
                    writer.write(piece)
                    site.sent[path] = site.sent.get(path, 0) + len(piece)
                    await writer.drain()
            except ConnectionError:
                site.left.append(path)
            finally:
                writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    site = HostileSite(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")
    try:
        yield site
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
