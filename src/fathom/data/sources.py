"""Where documents come from, written as one word on a command line.

books.jsonl.gz                a file: .jsonl, .txt, .md, .parquet, the text ones also with .gz
corpus/                       every such file below a directory, in the order of their names
books.jsonl@sha256:9d5a…      the same, refused where the file has another hash
hf:owner/name                 a dataset of the Hugging Face hub: the files of its split train
hf:owner/name@REVISION:GLOB   … at a commit or tag, and only the files that match
"""

from __future__ import annotations

import re
from pathlib import Path

from fathom.base.errors import DataError
from fathom.data.files import FilesSource
from fathom.data.hub import HubSource
from fathom.data.jsonl import JsonlSource
from fathom.data.parquet import ParquetSource
from fathom.data.record import DataSource
from fathom.data.textfile import TextSource

_KINDS = {".jsonl": JsonlSource, ".parquet": ParquetSource, ".txt": TextSource, ".md": TextSource}
_PIN = re.compile(r"(?P<path>.+)@sha256:(?P<hash>[0-9a-fA-F]{64})")
_HUB = re.compile(r"hf:(?P<repo>[^@:]+)(@(?P<revision>[^:]+))?(:(?P<pattern>.+))?")


def open_source(word: str) -> DataSource:
    """The source that ``word`` names. Nothing is read yet. Raises DataError for a word that names none."""
    if found := _HUB.fullmatch(word):
        return HubSource(found["repo"], revision=found["revision"], pattern=found["pattern"])
    pinned = _PIN.fullmatch(word)
    path = Path(pinned["path"] if pinned else word)
    if path.is_dir():
        parts = [file for file in sorted(path.rglob("*")) if file.is_file() and _kind(file)]
        if not parts:
            raise DataError(f"{path} holds no file that can be read", f"put {', '.join(_KINDS)} files there")
        return FilesSource(path.name, [_open(file, None) for file in parts])
    if not path.exists():
        raise DataError(f"there is no file {path}", "check the path; a dataset of the hub is written hf:owner/name")
    return _open(path, pinned["hash"] if pinned else None)


def _open(path: Path, sha256: str | None) -> DataSource:
    kind = _KINDS.get(_kind(path))
    if kind is None:
        raise DataError(f"{path} is of no known kind", f"convert it to one of {', '.join(_KINDS)}")
    return kind(path, sha256=sha256)


def _kind(path: Path) -> str:
    """The suffix that says how to read the file; empty where none does."""
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    return suffix if suffix in _KINDS and not (suffix == ".parquet" and path.suffix == ".gz") else ""
