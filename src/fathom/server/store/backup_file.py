"""The file of a backup: a zip archive with JSON lines for each table, the attached files, and a manifest.

Rows rather than a database's own file, so that a backup of SQLite can be restored into PostgreSQL and back. Each entry
is in the manifest with its SHA-256: a backup that was cut off, damaged or changed is refused as a whole, before
anything is touched. Names of entries are checked against a pattern, and nothing is unpacked by its name.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fathom.base.errors import FathomError

FORMAT = "fathom-backup"
VERSION = 1
MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 256 << 20
CHUNK = 1 << 20
NAME = re.compile(r"tables/[a-z_]{1,40}\.jsonl|files/[0-9a-f]{64}")
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading an archive that is damaged, or made by someone else, raises."""


class BackupError(FathomError):
    """A backup that cannot be made, or cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``entries``: name → sha256, bytes and, for tables, rows. ``schema`` is the revision of the tables."""

    fathom: str
    schema: str
    created: int
    entries: Mapping[str, Mapping[str, Any]]

    @property
    def bytes(self) -> int:
        """The size of all entries."""
        return sum(entry["bytes"] for entry in self.entries.values())

    def rows(self, table: str) -> int:
        return int(self.entries.get(f"tables/{table}.jsonl", {}).get("rows", 0))

    def json(self) -> dict[str, Any]:
        fields = {"fathom": self.fathom, "schema": self.schema, "created": self.created, "entries": self.entries}
        return {"format": FORMAT, "version": VERSION, **fields}


@contextmanager
def open_backup(path: Path) -> Iterator[zipfile.ZipFile]:
    """Raises BackupError for a file that is no zip archive."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise BackupError(f"there is no file {path}", "name the file that fathom backup wrote") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror or error}", "check its permissions") from error
    except DAMAGE as error:
        raise _damage(path) from error
    with archive:
        yield archive


def verify(path: Path) -> Manifest:
    """Read all of the backup at ``path`` and compare it with its manifest. Raises BackupError."""
    with open_backup(path) as archive:
        try:
            manifest = _manifest(archive)
            names = {name for name in archive.namelist() if name != MANIFEST}
            if names != set(manifest.entries) or len(archive.namelist()) != len(names) + 1:
                raise BackupError(f"{path} holds other files than its manifest lists", "use another backup")
            for name, entry in manifest.entries.items():
                if _digest(archive, name) != (entry["sha256"], entry["bytes"]):
                    raise _damage(path, f": {name} is not what was written")
        except DAMAGE as error:
            raise _damage(path) from error
    return manifest


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > MOST_MANIFEST_BYTES:
        raise ValueError("the manifest is too large")
    value = json.loads(archive.read(MANIFEST))
    if value.get("format") != FORMAT:
        raise ValueError("another format")
    if value.get("version") != VERSION:
        raise BackupError(
            f"the backup was made by a later version of Fathom ({str(value.get('fathom'))[:40]})", "update Fathom"
        )
    entries = {str(name): dict(entry) for name, entry in value["entries"].items()}
    for name, entry in entries.items():
        if not NAME.fullmatch(name) or not isinstance(entry["bytes"], int) or entry["bytes"] < 0:
            raise ValueError(f"an entry {name[:100]!r}")
        if name.startswith("files/") and entry["sha256"] != name.removeprefix("files/"):
            raise ValueError("a file by another name than its hash")
    return Manifest(str(value["fathom"]), str(value["schema"]), int(value["created"]), entries)


def _digest(archive: zipfile.ZipFile, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    most = archive.getinfo(name).file_size
    with archive.open(name) as entry:
        while chunk := entry.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if size > most:
                raise ValueError("an entry is larger than it claims")
    return digest.hexdigest(), size


def _damage(path: Path, detail: str = "") -> BackupError:
    return BackupError(f"{path} is damaged, incomplete or no backup of Fathom{detail}", "use another backup")
