"""All files of the assistant: stored, read in the background, given out, deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from pathlib import Path

from fathom.base.errors import StorageError
from fathom.server.files.content import ContentStore
from fathom.server.files.errors import FileInUseError
from fathom.server.files.extraction.recognition import read_with_ocr
from fathom.server.files.names import clean_name
from fathom.server.files.reading import ReadFile, ReadingQueue
from fathom.server.files.records import StoredFile, StoredPassage
from fathom.server.files.repository import FileRepository
from fathom.server.files.tokens import TokenCounter
from fathom.server.store.ids import milliseconds, new_id

logger = logging.getLogger(__name__)

UNUSED_DAYS = 30
"""A file that no message and no project holds is kept so long, for drafts."""
_DAY = 24 * 3600
_UNKNOWN = "application/octet-stream"


class Files:
    """The files under ``folder``, each of at most ``max_bytes``."""

    def __init__(
        self,
        repository: FileRepository,
        folder: Path,
        tokens: TokenCounter,
        *,
        max_bytes: int,
        read: ReadFile = read_with_ocr,
    ) -> None:
        self.repository = repository
        self.max_bytes = max_bytes
        self._content = ContentStore(folder)
        self._queue = ReadingQueue(repository, self._content.path, read, tokens)
        self._changing = asyncio.Lock()  # a content is neither removed nor added between a look at its rows and the act
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Continue what an earlier process has left. Raises StorageError where the database cannot be used."""
        await self._queue.open()
        if self._sweeping is None:
            await asyncio.to_thread(self._content.clear_incoming)
            self._sweeping = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        await self._queue.close()

    async def store(self, name: str, chunks: AsyncIterable[bytes]) -> StoredFile:
        """Store a file as its bytes come, and queue it to be read.

        Raises FileRefusedError, FileTooLargeError and StorageError; nothing is left then.
        """
        received = await self._content.receive(chunks, self.max_bytes)
        file = StoredFile(
            id=new_id(),
            name=clean_name(name),
            media_type=_UNKNOWN,
            bytes=received.bytes,
            sha256=received.sha256,
            state="reading",
            error=None,
            tokens=None,
            data={},
            created=milliseconds(),
        )
        async with self._changing:
            try:
                await self.repository.add(file)
            except BaseException:
                self._content.discard(received)
                raise
            try:
                await self._content.keep(received)
            except BaseException:
                await self.repository.delete(file.id)
                raise
        self._queue.put(file.id)
        return file

    async def store_bytes(self, name: str, data: bytes) -> StoredFile:
        """Store a file that is in memory, as `store` does."""

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        return await self.store(name, chunks())

    async def get(self, id_: str, *, wait: float = 0.0) -> StoredFile | None:
        """A file; one that is being read is waited for, at most for ``wait`` seconds."""
        if wait > 0:
            await self._queue.wait_for(id_, wait)
        return await self.repository.get(id_)

    async def get_many(self, ids: Sequence[str]) -> list[StoredFile]:
        """The files that exist among these, once all are read."""
        for id_ in ids:
            await self._queue.wait_for(id_)
        return await self.repository.get_many(ids)

    async def passages(self, id_: str, after: int, limit: int) -> list[StoredPassage]:
        return await self.repository.passages(id_, after, limit)

    async def texts(self, ids: Iterable[str]) -> dict[str, str]:
        """The whole texts of files by their ids; those that are gone or unread are left out."""
        by_file: dict[str, list[str]] = {}
        for passage in await self.repository.passages_of(list(ids)):
            by_file.setdefault(passage.file, []).append(passage.text)
        return {id_: "".join(texts) for id_, texts in by_file.items()}

    def path(self, file: StoredFile) -> Path:
        """Where the bytes of a file are."""
        return self._content.path(file.sha256)

    async def delete(self, id_: str) -> None:
        """Delete a file. Raises FileInUseError where a message or a project holds it."""
        in_messages, in_projects = await self._remove(id_)
        holders = [
            f"{count} {kind}{'s' if count > 1 else ''}"
            for count, kind in ((in_messages, "message"), (in_projects, "project"))
            if count
        ]
        if holders:
            raise FileInUseError(
                f"the file is part of {' and '.join(holders)}",
                "delete those conversations for good, or remove it from the project",
            )

    async def of_conversations(self, ids: Iterable[str]) -> list[str]:
        """The ids of the files in messages of these conversations, attached or made by tools."""
        return await self.repository.of_conversations(ids)

    async def remove_unused(self, among: Iterable[str] | None = None, *, before: int | None = None) -> int:
        """Delete those files (of ``among``, if given) that nothing holds; how many."""
        chosen = None if among is None else set(among)
        if chosen is not None and not chosen:
            return 0
        unused = await self.repository.find_unused(milliseconds() + 1 if before is None else before)
        uses = [await self._remove(id_) for id_ in unused if chosen is None or id_ in chosen]
        return sum(not any(one) for one in uses)

    async def _remove(self, id_: str) -> tuple[int, int]:
        """Delete a file unless messages or projects hold it by now: how many do."""
        async with self._changing:
            uses, sha256 = await self.repository.delete_unused(id_)
            if sha256 is not None:
                await self._content.remove(sha256)
        return uses

    async def _sweep(self) -> None:
        """Once a day, delete what was attached long ago and never sent."""
        while True:
            try:
                await self.remove_unused(before=milliseconds() - UNUSED_DAYS * _DAY * 1000)
            except (StorageError, OSError) as error:
                logger.warning("files that nothing holds were not deleted: %s", error)
            await asyncio.sleep(_DAY)
