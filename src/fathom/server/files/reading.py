"""Reads files in the background, two at a time, and notes what came of it.

A file's row is there before it is read, in the state ``reading``; a server that ends meanwhile reads it after its next
start. What needs the text waits by `wait_for`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from fathom.base.errors import StorageError
from fathom.server.errors import NotFoundError
from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.reader import ReadEnd, ReadPassage
from fathom.server.files.records import StoredFile, StoredPassage
from fathom.server.files.repository import FileRepository
from fathom.server.files.tokens import TokenCounter

ReadFile = Callable[[Path, str], AsyncIterator[ReadPassage | ReadEnd]]

RETRY_SECONDS = 5.0
READERS = 2
"""Processes at a time: a scan takes minutes to recognize, and a text beside it need not wait for it."""
_BATCH = 64

logger = logging.getLogger(__name__)


class ReadingQueue:
    """Files that are to be read. ``locate`` gives the path of a content, ``read`` its passages."""

    def __init__(
        self, repository: FileRepository, locate: Callable[[str], Path], read: ReadFile, tokens: TokenCounter
    ) -> None:
        self._repository = repository
        self._locate = locate
        self._read = read
        self._tokens = tokens
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin, with the files that an earlier process has left."""
        if not self._tasks:
            for id_ in await self._repository.in_reading():
                self.put(id_)
            self._tasks = [asyncio.create_task(self._work()) for _ in range(READERS)]

    async def close(self) -> None:
        """End; files that are being read are read again after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def put(self, id_: str) -> None:
        if id_ not in self._waiting:
            self._waiting[id_] = asyncio.Event()
            self._queue.put_nowait(id_)

    async def wait_for(self, id_: str, seconds: float | None = None) -> None:
        """Wait until a file is read, failed or unknown, at most for so many seconds."""
        if (event := self._waiting.get(id_)) is not None:
            try:
                await asyncio.wait_for(event.wait(), seconds)
            except TimeoutError:
                return

    async def _work(self) -> None:
        while True:
            id_ = await self._queue.get()
            try:
                await self._settle(id_)
            except StorageError as error:
                logger.warning("a file cannot be read for now: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._queue.put_nowait(id_)
                continue
            except Exception:  # the others are to be read
                logger.exception("reading the file %s failed", id_)
            self._waiting.pop(id_, asyncio.Event()).set()

    async def _settle(self, id_: str) -> None:
        file = await self._repository.get(id_)
        if file is None or file.state != "reading":
            return
        if await self._repository.copy_passages(id_, file.sha256, file.name):
            return
        try:
            await self._repository.finish(id_, await self._store(file))
        except NotFoundError:
            logger.info("the file %s was deleted while it was read", id_)
        except UnreadableFileError as error:
            await self._fail(id_, error)
        except OSError as error:
            logger.warning("the content of file %s cannot be opened: %s", id_, error)
            await self._fail(id_, UnreadableFileError("the file's content is missing", "attach it again"))

    async def _fail(self, id_: str, error: UnreadableFileError) -> None:
        await self._repository.clear_passages(id_)
        values = {"state": "failed", "error": {"message": error.message, "remedy": error.remedy}}
        await self._repository.finish(id_, values)

    async def _store(self, file: StoredFile) -> dict[str, Any]:
        """Store the passages as they come; the values of the row at the end."""
        await self._repository.clear_passages(file.id)  # of a reading that never ended
        position, total = 0, 0
        batch: list[ReadPassage] = []
        end: ReadEnd | None = None
        async for item in self._read(self._locate(file.sha256), file.name):
            if isinstance(item, ReadEnd):
                end = item
            else:
                batch.append(item)
            if batch and (len(batch) >= _BATCH or end is not None):
                counts = await self._tokens.count([passage.text for passage in batch])
                await self._repository.add_passages([
                    StoredPassage(file.id, position + index, passage.place, passage.text, count)
                    for index, (passage, count) in enumerate(zip(batch, counts, strict=True))
                ])  # fmt: skip
                position, total, batch = position + len(batch), total + sum(counts), []
        assert end is not None  # the reader raises where it does not end
        data = {"format": end.format, "title": end.title, **end.facts, "passages": position}
        data["warnings"] = list(end.warnings)
        return {"state": "ready", "tokens": total, "media_type": end.media_type, "data": data}
