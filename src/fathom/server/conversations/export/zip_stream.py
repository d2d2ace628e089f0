"""A zip archive as a stream: what is written is given out at once, and nothing is kept.

Files are read and entries compressed in threads: a long conversation does not hold up the other requests.
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path

CHUNK = 1 << 20


class _Outlet:
    """Where `zipfile` writes. It cannot be sought, so sizes follow each entry; nor closed, as an archive whose reader
    left is by the interpreter, in any order."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._position = 0

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open."""

    def tell(self) -> int:
        return self._position

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


class ZipStream:
    """Entries in, bytes out. Use `lines` and `file` for each entry, `end` at last, and send on what they yield."""

    def __init__(self) -> None:
        self._outlet = _Outlet()
        self._archive = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    async def lines(self, name: str, lines: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """An entry of lines that come one by one."""
        with self._archive.open(name, "w", force_zip64=True) as entry:
            async for line in lines:
                await asyncio.to_thread(entry.write, line + b"\n")
                yield self._outlet.take()
        yield self._outlet.take()

    async def file(self, name: str, path: Path) -> AsyncIterator[bytes]:
        """An entry with the bytes of a file, as they are."""
        information = zipfile.ZipInfo(name)
        information.compress_type = zipfile.ZIP_STORED
        with path.open("rb") as source, self._archive.open(information, "w", force_zip64=True) as entry:
            while chunk := await asyncio.to_thread(source.read, CHUNK):
                await asyncio.to_thread(entry.write, chunk)
                yield self._outlet.take()
        yield self._outlet.take()

    def end(self) -> bytes:
        """The directory."""
        self._archive.close()
        return self._outlet.take()
