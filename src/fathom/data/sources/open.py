"""Data sources by name, as they are written on a command line.

books.jsonl.gz                a file: .jsonl, .json, .csv, .tsv, .txt, .md, .parquet, .arrow; texts also with .gz, .bz2,
                              .xz or .zst
corpus/                       every such file below a directory, ordered by name; not what describes a data set there
                              (README.md, dataset_info.json …), nor what is hidden
books.jsonl@sha256:9d5a…      the same, refused if the file has another hash
hf:owner/name                 a dataset of the Hugging Face hub: the files of its split train
hf:owner/name@REVISION:GLOB   … at a commit or tag, and only the files that match
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.data.sources.arrow import ArrowSource
from fathom.data.sources.files import COMPRESSIONS
from fathom.data.sources.hub import HubSource
from fathom.data.sources.json_file import JsonSource
from fathom.data.sources.parquet import ParquetSource
from fathom.data.sources.source import BEGINNING, DataSource, Position, Record, Skips
from fathom.data.sources.table import TableSource
from fathom.data.sources.text import TextSource

_KINDS: Mapping[str, Callable[..., DataSource]] = {
    ".jsonl": JsonSource,
    ".json": JsonSource,
    ".parquet": ParquetSource,
    ".arrow": ArrowSource,
    ".csv": TableSource,
    ".tsv": TableSource,
    ".txt": TextSource,
    ".md": TextSource,
}
_BINARY = frozenset({".parquet", ".arrow"})
"""Kinds that are compressed within."""

_ABOUT = frozenset(
    {
        "readme.md",
        "license.md",
        "license.txt",
        "dataset_info.json",
        "dataset_infos.json",
        "dataset_dict.json",
        "state.json",
    }
)
"""Files that describe a data set."""

_PIN = re.compile(r"(?P<path>.+)@sha256:(?P<hash>[0-9a-fA-F]{64})")
_HUB = re.compile(r"hf:(?P<repo>[^@:]+)(@(?P<revision>[^:]+))?(:(?P<pattern>.+))?")


class FilesSource:
    """Several files as one source: the records of ``parts`` in order."""

    def __init__(self, name: str, parts: Sequence[DataSource]) -> None:
        self.name = name
        self._parts = parts

    def describe(self) -> dict[str, Any]:
        return {"kind": "files", "name": self.name, "parts": [part.describe() for part in self._parts]}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        for number in range(start.file, len(self._parts)):
            row = start.row if number == start.file else 0
            yield from self._parts[number].records(skips, Position(number, row))


def open_source(name: str) -> DataSource:
    """The source called ``name``. Nothing is read yet. Raises DataError if there is none, or of no known kind."""
    if hub := _HUB.fullmatch(name):
        return HubSource(hub["repo"], revision=hub["revision"], pattern=hub["pattern"])
    pinned = _PIN.fullmatch(name)
    path = Path(pinned["path"] if pinned else name)
    if path.is_dir():
        if (path / "index.json").is_file() and any(path.glob("tokens-*.bin")):
            raise DataError(f"{path} holds token shards, which are prepared already", f"train on it: --set data={path}")
        parts = [file for file in sorted(path.rglob("*")) if file.is_file() and _is_data(file, path)]
        if not parts:
            raise DataError(f"{path} holds no file that can be read", f"put {', '.join(_KINDS)} files there")
        return FilesSource(path.name, [_open_file(file, None) for file in parts])
    if not path.exists():
        raise DataError(f"there is no file {path}", "check the path; a dataset of the hub is written hf:owner/name")
    return _open_file(path, pinned["hash"] if pinned else None)


def _is_data(file: Path, folder: Path) -> bool:
    """Whether a file below a directory is read: not the card of a data set, which would be learned as a text."""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return bool(_kind(file)) and not hidden and file.name.lower() not in _ABOUT


def _open_file(path: Path, sha256: str | None) -> DataSource:
    kind = _KINDS.get(_kind(path))
    if kind is None:
        raise DataError(
            f"{path} is of no known kind", f"convert it to one of {', '.join(_KINDS)}, or name it so if it is one"
        )
    return kind(path, sha256=sha256)


def _kind(path: Path) -> str:
    """The suffix that selects the reader, in lower case and without that of a compression; empty if there is none."""
    last = path.suffix.lower()
    suffix = path.with_suffix("").suffix.lower() if last in COMPRESSIONS else last
    return suffix if suffix in _KINDS and (suffix not in _BINARY or last == suffix) else ""
