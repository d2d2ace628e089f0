"""Token files on disk, mapped into memory (format: `fathom.data.shards.writer`)."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fathom.base.errors import DataError
from fathom.data.shards.store import Flags, Ids
from fathom.data.shards.writer import FORMAT, INDEX

_AGAIN = "delete the directory and prepare the data again"


class Shards:
    """A directory of shards as a `fathom.data.shards.store.TokenStore`, read on access.

    ``tokenizer`` is the fingerprint of the model's tokenizer, which must be the one that wrote the shards (None: any).
    ``verify`` reads all files once and compares hashes. Raises DataError for a directory that is missing, damaged, of
    another format, or written with another tokenizer.
    """

    def __init__(self, directory: str | Path, *, tokenizer: str | None = None, verify: bool = False) -> None:
        self.directory = Path(directory)
        index = _read_index(self.directory)
        self.vocab_size = int(index["tokenizer"]["vocab_size"])
        self.tokenizer = str(index["tokenizer"]["fingerprint"])
        self.about: dict[str, Any] = index["about"]
        if tokenizer is not None and tokenizer != self.tokenizer:
            raise DataError(
                f"{self.directory} was written with another tokenizer ({self.tokenizer[:12]}…, not {tokenizer[:12]}…)",
                "prepare the data with the model's own tokenizer",
            )
        self._tokens = [self._map(shard, "tokens", np.dtype(index["dtype"])) for shard in index["shards"]]
        self._learned = [
            self._map(shard, "learned", np.dtype(np.bool_)) if "learned" in shard["files"] else None
            for shard in index["shards"]
        ]
        lengths = [self._map(shard, "lengths", np.dtype("<u4")) for shard in index["shards"]]
        self._starts = [0, *np.cumsum([len(tokens) for tokens in self._tokens], dtype=np.int64).tolist()]
        self.offsets: Ids = np.concatenate([[0], *(part.astype(np.int64) for part in lengths)]).cumsum()
        if int(self.offsets[-1]) != self._starts[-1]:
            raise DataError(f"{self.directory}: documents and tokens do not add up", _AGAIN)
        hashes = json.dumps([self.tokenizer, [shard["files"] for shard in index["shards"]]], sort_keys=True)
        self.fingerprint = hashlib.sha256(hashes.encode()).hexdigest()
        if verify:
            self._verify(index)

    @property
    def plain(self) -> bool:
        """Whether every token is trained on: documents, not conversations."""
        return all(marks is None for marks in self._learned)

    @property
    def documents(self) -> int:
        return len(self.offsets) - 1

    @property
    def tokens(self) -> int:
        return int(self.offsets[-1])

    def read(self, start: int, stop: int) -> Ids:
        parts = [self._tokens[at][first:last].astype(np.int64) for at, first, last in self._ranges(start, stop)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int64), *parts])

    def read_learned(self, start: int, stop: int) -> Flags:
        parts = []
        for at, first, last in self._ranges(start, stop):
            marks = self._learned[at]
            parts.append(np.ones(last - first, np.bool_) if marks is None else np.asarray(marks[first:last]))
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.bool_), *parts])

    def _ranges(self, start: int, stop: int) -> Iterable[tuple[int, int, int]]:
        """The parts of a token range, a shard each: (shard, first, last) relative to the shard."""
        at = bisect_right(self._starts, start) - 1
        while start < stop:
            base, end = self._starts[at], self._starts[at + 1]
            yield at, start - base, min(stop, end) - base
            start, at = end, at + 1

    def _map(self, shard: Mapping[str, Any], kind: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        path = self.directory / shard["files"][kind]["name"]
        count = int(shard["documents" if kind == "lengths" else "tokens"])
        try:
            size = path.stat().st_size
        except OSError as error:
            raise DataError(f"{path} is missing", _AGAIN) from error
        if size != count * dtype.itemsize:
            raise DataError(f"{path} has {size} bytes, not {count * dtype.itemsize}", _AGAIN)
        return np.memmap(path, dtype=dtype, mode="r")

    def _verify(self, index: Mapping[str, Any]) -> None:
        for shard in index["shards"]:
            for entry in shard["files"].values():
                path = self.directory / entry["name"]
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                        raise DataError(f"{path} is damaged: its hash is not the one in {INDEX}", _AGAIN)


def _read_index(directory: Path) -> dict[str, Any]:
    path = directory / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"there are no token files in {directory}", "prepare them: fathom data prepare") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}", _AGAIN) from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise DataError(f"{path} is not of format {FORMAT}", _AGAIN)
    return index
