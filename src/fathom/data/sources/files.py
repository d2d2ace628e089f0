"""Files of a source: pinned by SHA-256, opened with or without gzip, and the error if they cannot be read."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import IO, cast

from fathom.base.errors import DataError


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed if its name ends in .gz."""
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal. Raises DataError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise read_error(path, error) from error


def check_pin(path: Path, expected: str | None) -> None:
    """Raises DataError if the file's SHA-256 is not ``expected``; None accepts any file that exists."""
    if expected is None:
        if not path.is_file():
            raise read_error(path, FileNotFoundError("there is no such file"))
        return
    actual = sha256_of(path)
    if actual != expected.lower():
        raise DataError(
            f"{path} is not the file that was pinned: its SHA-256 is {actual}, not {expected.lower()}",
            "fetch the pinned file again, or pin this one",
        )


def read_error(path: Path, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or str(error)
    return DataError(f"{path} cannot be read: {reason}", "check the path, or fetch the file again")
