"""The file that a person chose: JSON, or the zip archive in which exports come.

Nothing is unpacked to disk, so no name in an archive can lead anywhere. What is read is counted, so an archive that
unpacks to more than MAX_UNPACKED ends with an error, whatever its directory claims.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from fathom.base.errors import RequestError

MAX_UNPACKED = 8 << 30
MAX_ENTRIES = 200_000
MAX_FILE_BYTES = 64 << 20
"""Size of an attachment that is taken over; a larger one is named only."""

_CONVERSATIONS = re.compile(r"(?:^|/)conversations(?:-\d+)?\.jsonl?$")
_OTHER_JSON = re.compile(r"(?:^|/)[^/]+\.jsonl?$")
_KNOWN_OTHERS = re.compile(
    r"(?:^|/)(?:user|user_settings|message_feedback|model_comparisons|shared_conversations|group_chats|shopping|sora)\.json$"
)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises for archives that are damaged, encrypted or in an unknown compression."""


class ExportFile:
    """An opened export. ``attachment`` finds the file that an entry's name begins with."""

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self._path = path
        self._archive = archive
        self._unpacked = 0
        self._names: dict[str, str] | None = None

    def streams(self) -> Iterator[BinaryIO]:
        """The JSON files, in the order of their names."""
        if self._archive is None:
            with self._path.open("rb") as file:
                yield file
            return
        names = [name for name in sorted(self._archive.namelist()) if not name.startswith("__MACOSX/")]
        chosen = [name for name in names if _CONVERSATIONS.search(name)] or [
            name for name in names if _OTHER_JSON.search(name) and not _KNOWN_OTHERS.search(name)
        ]
        if not chosen:
            raise RequestError("the archive holds no conversations.json", "choose the archive as it was exported")
        for name in chosen:
            with _damage_as_error():
                entry = self._archive.open(name)
            with entry:
                yield io.BufferedReader(_Counted(entry, self), 1 << 20)

    def attachment(self, entry: str) -> bytes | None:
        """The bytes of the archive's file that is called ``entry`` and perhaps more; None where there is none."""
        if self._archive is None or not entry:
            return None
        if self._names is None:
            self._names = {_stem(name): name for name in self._archive.namelist() if not name.endswith("/")}
        name = self._names.get(entry)
        if name is None or self._archive.getinfo(name).file_size > MAX_FILE_BYTES:
            return None
        with _damage_as_error(), self._archive.open(name) as file:
            data = file.read(MAX_FILE_BYTES + 1)
        self.count(len(data))
        return data if len(data) <= MAX_FILE_BYTES else None

    def count(self, size: int) -> None:
        """Add to what was unpacked. Raises RequestError beyond MAX_UNPACKED."""
        self._unpacked += size
        if self._unpacked > MAX_UNPACKED:
            raise RequestError(
                f"the archive unpacks to more than {MAX_UNPACKED >> 30} GB", "import its parts one by one"
            )


def _stem(name: str) -> str:
    """``file-AbC`` of ``file-AbC-photo.png``, ``file_00ff`` of ``file_00ff-sanitized.png``; other names whole."""
    base = name.rpartition("/")[2]
    match = re.match(r"(file-[A-Za-z0-9]+|file_[0-9a-f]+)(?=[-.])", base)
    return match[1] if match else base


class _Counted(io.RawIOBase):
    """A stream of an archive whose bytes are counted."""

    def __init__(self, stream: IO[bytes], export: ExportFile) -> None:
        self._entry = stream
        self._export = export

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _damage_as_error():
            data = self._entry.read(len(buffer))
        self._export.count(len(data))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def open_export(path: Path) -> Iterator[ExportFile]:
    """Open ``path``. Raises RequestError where it is neither JSON nor a readable zip archive."""
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise RequestError("the file is empty", "choose the file that was exported")
    if start[:2] == b"\x1f\x8b":
        raise RequestError("the file is compressed by gzip", "unpack it, then import what it holds")
    if start != b"PK\x03\x04":
        yield ExportFile(path, None)
        return
    with _damage_as_error():
        archive = zipfile.ZipFile(path)
    with archive:
        if len(archive.filelist) > MAX_ENTRIES:
            raise RequestError(f"the archive holds more than {MAX_ENTRIES} files", "choose an export of conversations")
        yield ExportFile(path, archive)


@contextmanager
def _damage_as_error() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        reason = "is encrypted" if "password" in str(error) else f"cannot be read: {str(error)[:200].lower()}"
        raise RequestError(f"the archive {reason}", "export or download it again") from error
