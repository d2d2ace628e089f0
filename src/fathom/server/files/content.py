"""The bytes of files, stored under their SHA-256: equal contents are stored once.

A file arrives under a name of its own in ``incoming/`` and is moved into place once it is whole and on the disk, so a
name in the store always means complete content. What an ended process left in ``incoming/`` is removed at the start.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fathom.base.errors import StorageError
from fathom.server.files.errors import FileRefusedError, FileTooLargeError

_WRITE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ReceivedContent:
    """A whole file that is not in its place yet."""

    path: Path
    sha256: str
    bytes: int


class ContentStore:
    """Files under ``folder``. Raises StorageError where the disk is full or cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._arriving: set[Path] = set()

    def path(self, sha256: str) -> Path:
        """Where the content with this hash is."""
        return self._folder / sha256[:2] / sha256

    def clear_incoming(self) -> None:
        """Remove what uploads of an ended process have left."""
        if self._incoming.is_dir():
            for path in set(self._incoming.iterdir()) - self._arriving:
                path.unlink(missing_ok=True)

    async def receive(self, chunks: AsyncIterable[bytes], most: int) -> ReceivedContent:
        """Write ``chunks`` to the disk as they come. Raises FileRefusedError where there are none, FileTooLargeError
        beyond ``most`` bytes; then, and when the sender goes away, nothing is left.
        """
        path = self._incoming / secrets.token_hex(16)
        self._arriving.add(path)
        try:
            file = await asyncio.to_thread(self._create, path)
        except OSError as error:
            self._arriving.discard(path)
            raise _storage_error(error) from error
        whole = False
        try:
            with file:
                digest, size = await self._write(file, chunks, most)
            whole = True
        except OSError as error:
            raise _storage_error(error) from error
        finally:
            if not whole:
                self._drop(path)
        return ReceivedContent(path, digest, size)

    async def keep(self, received: ReceivedContent) -> None:
        """Move received content into its place; where it is already, that is the same content."""
        try:
            await asyncio.to_thread(self._move, received)
        except OSError as error:
            self._drop(received.path)
            raise _storage_error(error) from error

    def discard(self, received: ReceivedContent) -> None:
        self._drop(received.path)

    def _drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._arriving.discard(path)

    async def remove(self, sha256: str) -> None:
        """Remove content, if it is there."""
        await asyncio.to_thread(self.path(sha256).unlink, missing_ok=True)

    def _create(self, path: Path) -> IO[bytes]:
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path.open("xb")

    def _move(self, received: ReceivedContent) -> None:
        target = self.path(received.sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(received.path, target)
        self._arriving.discard(received.path)

    async def _write(self, file: IO[bytes], chunks: AsyncIterable[bytes], most: int) -> tuple[str, int]:
        digest = hashlib.sha256()
        pending, size = bytearray(), 0

        def write(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        async for chunk in chunks:
            pending += chunk
            size += len(chunk)
            if size > most:
                raise FileTooLargeError(most)
            if len(pending) >= _WRITE_BYTES:
                await asyncio.to_thread(write, bytes(pending))
                pending.clear()
        if not size:
            raise FileRefusedError("the file is empty", "choose one with content")
        await asyncio.to_thread(write, bytes(pending))
        await asyncio.to_thread(_flush, file)
        return digest.hexdigest(), size


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _storage_error(error: OSError) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageError("the disk is full", "free some space; nothing that was stored before is lost")
    reason = (error.strerror or str(error)).lower()
    return StorageError(f"the file cannot be stored: {reason}", "check the data folder's permissions and its disk")
