"""Files of a source: pinned by SHA-256, decompressed by their names, and the error if they cannot be read."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, cast

from fathom.base.errors import DataError

UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading raises where a file is missing, or its compressed bytes are cut short or damaged."""


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, decompressed if its name ends so (`COMPRESSIONS`), without a byte-order mark. Raises DataError
    where it is text of another encoding.
    """
    opener = COMPRESSIONS.get(path.suffix.lower())
    file = opener(path) if opener else path.open("rb")
    head = cast(io.BufferedReader, file).peek(4)[:4]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        file.close()
        raise DataError(
            f"{path} is UTF-16, not UTF-8",
            f"save it as UTF-8: iconv -f UTF-16 -t UTF-8 {path.name} > utf-8-{path.name}",
        )
    if head.startswith(b"\xef\xbb\xbf"):
        file.read(3)
    return file


def _open_zstd(path: Path) -> IO[bytes]:
    try:
        import pyarrow  # noqa: PLC0415 - optional
    except ImportError as error:
        raise DataError(f"reading {path.name} needs pyarrow", "pip install 'fathom-lm[train]', or unzstd it") from error
    return io.BufferedReader(pyarrow.input_stream(str(path), compression="zstd"))


COMPRESSIONS: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".gz": lambda path: cast(IO[bytes], gzip.GzipFile(path)),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _open_zstd,
}
"""Openers by suffix."""


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
