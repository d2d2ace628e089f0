"""Token files: what was tokenized once is mapped into memory ever after.

    index.json            who wrote it, with which vocabulary, what lies in which file, with hashes
    tokens-00000.bin      ids end to end, uint16 where the vocabulary fits, else uint32; little endian
    lengths-00000.bin     tokens of each document, uint32
    learned-00000.bin     one byte a token, only where something is not to be learned (conversations)

Two bytes a token instead of a database: the operating system caches what is read, ranks on one machine share it, and
any place is one multiplication away. The directory is written under another name and renamed when it is whole, so that
a killed or failed run leaves no directory that looks finished. Documents never straddle two files.

A writer can say what it holds (`ShardWriter.state`, `ShardWriter.fresh`) and go on from there: `fathom.data.journal`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fathom.base.errors import DataError
from fathom.data.store import Flags, Ids, Sample

FORMAT = 1
INDEX = "index.json"
SHARD_TOKENS = 1 << 27
"""A new file after so many tokens: 256 MB of uint16."""

_AGAIN = "delete the directory and prepare the data again"


class ShardWriter:
    """Writes a directory of shards; a context manager. Left with an exception, it leaves nothing behind, unless someone
    interrupted it and it is ``resumable``.

    ``about`` is kept in the index: where the documents came from, what was dropped. Raises DataError where
    ``directory`` exists, where an id is outside the vocabulary, and where the disk is full.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        tokenizer: str,
        vocab_size: int,
        shard_tokens: int = SHARD_TOKENS,
        about: Mapping[str, Any] | None = None,
        resumable: bool = False,
    ) -> None:
        self._directory = Path(directory)
        if self._directory.exists():
            raise DataError(f"{self._directory} exists already", "choose another place, or delete it first")
        self._partial = self._directory.with_name(self._directory.name + ".partial")
        self._vocab_size = vocab_size
        self._dtype = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
        self._shard_tokens = shard_tokens
        self.about = dict(about or {})
        self._tokenizer = tokenizer
        self._shards: list[dict[str, Any]] = []
        self._ids: list[NDArray[np.generic]] = []
        self._learned: list[NDArray[np.bool_] | int] = []  # an int: so many tokens, all learned
        self._lengths: list[int] = []
        self._pending = 0
        self._told = 0  # documents of the shard at hand that `fresh` has told of
        self._resumable = resumable
        self._resumed = False
        self.documents = 0
        self.tokens = 0

    def __enter__(self) -> ShardWriter:
        if not self._resumed:
            shutil.rmtree(self._partial, ignore_errors=True)  # of a run that was killed
        self._partial.mkdir(parents=True, exist_ok=self._resumed)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
        except OSError as failed:
            raise _disk_error(failed, self._directory) from failed
        finally:
            if not (self._resumable and kind is not None and not issubclass(kind, Exception)):
                shutil.rmtree(self._partial, ignore_errors=True)

    def add(self, sample: Sample) -> None:
        """Append a document. One without tokens is left out."""
        ids = np.asarray(sample.ids, dtype=np.int64)
        if not len(ids):
            return
        if int(ids.min()) < 0 or int(ids.max()) >= self._vocab_size:
            worst = int(ids.min()) if int(ids.min()) < 0 else int(ids.max())
            raise DataError(f"token {worst} is outside a vocabulary of {self._vocab_size}", "use one tokenizer for all")
        learned = None if sample.learned is None else np.asarray(sample.learned, dtype=np.bool_)
        if learned is not None and len(learned) != len(ids):
            raise ValueError(f"{len(ids)} tokens and {len(learned)} marks of what is learned")
        self._hold(ids.astype(self._dtype), None if learned is None or learned.all() else learned)
        self.documents += 1
        self.tokens += len(ids)
        if self._pending >= self._shard_tokens:
            self._flush()

    def state(self) -> dict[str, Any]:
        """What is on disk and whole, to be given to `resume`."""
        return {"shards": self._shards, "documents": self.documents, "tokens": self.tokens}

    def fresh(self) -> dict[str, NDArray[np.generic]]:
        """Documents that are in no whole shard yet and that this has not told of: ``ids`` end to end, ``lengths``,
        ``learned``; ``shard`` is the number of theirs.
        """
        ids, learned = self._ids[self._told :], self._learned[self._told :]
        lengths, self._told = self._lengths[self._told :], len(self._lengths)
        return {
            "shard": np.array(len(self._shards)),
            "ids": np.concatenate([np.zeros(0, self._dtype), *ids]),
            "lengths": np.array(lengths, dtype=np.int64),
            "learned": np.concatenate([np.zeros(0, np.bool_), *map(_marks, learned)]),
        }

    def resume(self, state: Mapping[str, Any], parts: Iterable[Mapping[str, NDArray[Any]]]) -> bool:
        """Go on, before the block is entered, from what `state` and `fresh` once said; False where the shards that it
        speaks of are not there, and nothing has happened.
        """
        if not all(
            (self._partial / entry["name"]).exists() for shard in state["shards"] for entry in shard["files"].values()
        ):
            return False
        for part in parts:
            if int(part["shard"]) == len(state["shards"]):
                cuts = np.cumsum(part["lengths"])[:-1]
                ids, learned = np.split(part["ids"], cuts), np.split(part["learned"], cuts)
                for one, marks in zip(ids if len(part["lengths"]) else [], learned, strict=False):
                    self._hold(one.astype(self._dtype), None if marks.all() else marks)
        self._shards = list(state["shards"])
        self._told = len(self._lengths)
        self.documents, self.tokens = state["documents"], state["tokens"]
        self._resumed = True
        return True

    def _hold(self, ids: NDArray[np.generic], learned: NDArray[np.bool_] | None) -> None:
        self._ids.append(ids)
        self._learned.append(len(ids) if learned is None else learned)
        self._lengths.append(len(ids))
        self._pending += len(ids)

    def _flush(self) -> None:
        if not self._pending:
            return
        number = f"{len(self._shards):05d}.bin"
        files = {"tokens": np.concatenate(self._ids), "lengths": np.array(self._lengths, dtype="<u4")}
        if any(not isinstance(part, int) for part in self._learned):
            files["learned"] = np.concatenate([_marks(part) for part in self._learned])
        entry: dict[str, Any] = {"tokens": self._pending, "documents": len(self._lengths), "files": {}}
        try:
            for kind, values in files.items():
                entry["files"][kind] = {"name": f"{kind}-{number}", "sha256": self._write(f"{kind}-{number}", values)}
        except OSError as error:
            raise _disk_error(error, self._directory) from error
        self._shards.append(entry)
        self._ids, self._learned, self._lengths, self._pending, self._told = [], [], [], 0, 0

    def _write(self, name: str, values: NDArray[np.generic]) -> str:
        data = np.ascontiguousarray(values).view(np.uint8).data
        with (self._partial / name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return hashlib.sha256(data).hexdigest()

    def _finish(self) -> None:
        self._flush()
        index = {
            "format": FORMAT,
            "tokenizer": {"fingerprint": self._tokenizer, "vocab_size": self._vocab_size},
            "dtype": self._dtype.name,
            "documents": self.documents,
            "tokens": self.tokens,
            "shards": self._shards,
            "about": self.about,
        }
        with (self._partial / INDEX).open("w", encoding="utf-8") as file:
            json.dump(index, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        self._partial.rename(self._directory)


def _marks(learned: NDArray[np.bool_] | int) -> NDArray[np.bool_]:
    return np.ones(learned, np.bool_) if isinstance(learned, int) else learned


class Shards:
    """A directory of shards as a `fathom.data.store.TokenStore`. Nothing is read before it is asked for.

    ``tokenizer`` is the fingerprint of the vocabulary that the model has (`fathom.text.tokenizer.Tokenizer`); None asks
    no question. ``verify`` reads everything once and compares hashes. Raises DataError for a directory that is missing,
    damaged, of another format, or written with another tokenizer.
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
        """Whether every token is to be learned: documents, not conversations."""
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
        """The places of a range of tokens: (shard, first, last)."""
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


def _disk_error(error: OSError, directory: Path) -> DataError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DataError(f"the disk under {directory} is full", "free some space, or choose another place")
    return DataError(
        f"{directory} cannot be written: {error.strerror}", "check its permissions, or choose another place"
    )
