"""Files of the page as gzip, for clients that accept it: a first load takes a third of the bytes.

A file is compressed when it is first asked for, in a thread, and kept in memory until it changes; all of the page is
less than 2 MB then. What the API answers is not compressed: it mixes secrets with text that others wrote (BREACH).
"""

from __future__ import annotations

import gzip
from pathlib import Path

from anyio import to_thread

SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"})
"""Kinds of files that are text; pictures and fonts are compressed already."""
LEAST = 1024
"""Bytes below which a file goes as it is."""


class GzippedFiles:
    """The compressed contents of files, by path and version."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[str, bytes]] = {}

    async def content(self, file: Path, version: str) -> bytes:
        """The file's bytes as gzip. ``version``: any text that changes with the file.

        Raises:
            OSError: where the file cannot be read
        """
        kept = self._kept.get(file)
        if kept is None or kept[0] != version:
            kept = version, await to_thread.run_sync(_compress, file)
            self._kept[file] = kept
        return kept[1]


def is_worth_it(file: Path, size: int) -> bool:
    """Whether gzip makes the file smaller by an amount that matters."""
    return size >= LEAST and file.suffix in SUFFIXES


def accepts_gzip(header: str) -> bool:
    """Whether a client that sent this ``Accept-Encoding`` takes gzip (RFC 9110, section 12.5.3)."""
    weights = {}
    for item in header.lower().split(","):
        coding, _, weight = item.partition(";")
        value = weight.strip().removeprefix("q=")
        weights[coding.strip()] = bool(value.strip("0.")) if weight else True
    return weights.get("gzip", weights.get("*", False))


def _compress(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
