"""The pictures among the files of a conversation that a model which sees is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.files import Files
from fathom.server.files.plain_picture import plain_picture
from fathom.server.files.records import StoredFile
from fathom.types import Picture

MOST_PICTURES = 16
"""Of a conversation; the latest count."""

MOST_BYTES = 20 << 20
"""Of all of them together."""

_MOST_READ = 32 << 20
"""Bytes of a file: what is left out of it is usually the smaller part."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChosenPictures:
    """``sent``: ids of files, in the order of the conversation. ``refused``: why others are not, by their ids."""

    sent: tuple[str, ...]
    refused: dict[str, str]


class Pictures:
    """Reads pictures among the stored files. Nothing of them is kept in memory or in a run: a run names the files."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def choose(self, files: Sequence[StoredFile]) -> ChosenPictures:
        """Which pictures among ``files``, the oldest first, are sent."""
        sent: list[str] = []
        refused: dict[str, str] = {}
        total = 0
        for file in reversed(files):
            if not is_picture(file):
                continue
            if len(sent) == MOST_PICTURES:
                refused[file.id] = f"only the latest {MOST_PICTURES} pictures are sent"
                continue
            try:
                size = len((await self._read(file)).data)
            except UnreadableFileError as error:
                refused[file.id] = error.message
                continue
            if total + size > MOST_BYTES:
                refused[file.id] = f"all pictures together are larger than {MOST_BYTES >> 20} MB"
                continue
            total += size
            sent.append(file.id)
        return ChosenPictures(tuple(reversed(sent)), refused)

    async def load(self, ids: Sequence[str]) -> dict[str, Picture]:
        """The pictures in these files by their ids; those that are gone since they were chosen are left out."""
        pictures: dict[str, Picture] = {}
        for file in await self._files.repository.get_many(ids):
            try:
                pictures[file.id] = await self._read(file)
            except UnreadableFileError as error:
                logger.warning("the picture %s is not sent: %s", file.id, error)
        return pictures

    async def _read(self, file: StoredFile) -> Picture:
        return await asyncio.to_thread(self._open, file)

    def _open(self, file: StoredFile) -> Picture:
        if file.bytes > _MOST_READ:
            raise UnreadableFileError(f"it is larger than {_MOST_READ >> 20} MB", "make it smaller")
        try:
            data = self._files.path(file).read_bytes()
        except OSError:
            raise UnreadableFileError("the file's content is missing", "attach it again") from None
        return plain_picture(data)


def is_picture(file: StoredFile) -> bool:
    """Whether a file was read as a picture: its content decides, not its name."""
    return file.state == "ready" and file.media_type.startswith("image/")
