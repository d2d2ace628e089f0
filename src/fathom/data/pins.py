"""Files pinned by hash: the data that a run names is the data that it reads."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fathom.base.errors import DataError


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal. Raises DataError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def check(path: Path, expected: str | None) -> None:
    """Raises DataError where the file is not the pinned one; ``expected`` None accepts any that can be read."""
    if expected is None:
        if not path.is_file():
            raise unreadable(path, FileNotFoundError("there is no such file"))
        return
    found = sha256_of(path)
    if found != expected.lower():
        raise DataError(
            f"{path} is not the file that was pinned: its SHA-256 is {found}, not {expected.lower()}",
            "fetch the pinned file again, or pin this one",
        )


def unreadable(path: Path, error: Exception) -> DataError:
    told = getattr(error, "strerror", None) or str(error)
    return DataError(f"{path} cannot be read: {told}", "check the path, or fetch the file again")
