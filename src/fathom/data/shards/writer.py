"""Token files on disk, written shard by shard.

    index.json            tokenizer, dtype, origin of the data, and the files of every shard with their hashes
    tokens-00000.bin      token ids, concatenated: uint16 if the vocabulary fits, else uint32; little endian
    lengths-00000.bin     tokens of each document, uint32
    learned-00000.bin     one byte a token, only if some tokens are not trained on (conversations)

Two bytes a token, and no database: the operating system caches what is read, ranks on one machine share it, and any
position is one multiplication away. The directory is written under another name and renamed when it is complete, so
that a killed or failed run leaves no directory that looks finished. No document spans two files.

The writer's progress can be saved and restored (`ShardWriter.state`, `ShardWriter.pending_arrays`):
`fathom.data.journal`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fathom.base.errors import DataError
from fathom.data.shards.store import Sample

FORMAT = 1
INDEX = "index.json"
SHARD_TOKENS = 1 << 27
"""Tokens of a shard, after which a new one begins: 256 MB of uint16."""


class ShardWriter:
    """Writes a directory of shards; a context manager. An exception removes what was written; an interrupt or kill does
    not if ``resumable``.

    ``about`` is stored in the index: the origin of the documents, what was dropped. Raises DataError if ``directory``
    exists, if an id is outside the vocabulary, or if the disk is full.
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
            raise DataError(f"{self._directory} exists already", "choose another directory, or delete it first")
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
        self._saved = 0  # documents of the current shard that `pending_arrays` has returned
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
        """Append a document. A document without tokens is ignored."""
        ids = np.asarray(sample.ids, dtype=np.int64)
        if not len(ids):
            return
        if int(ids.min()) < 0 or int(ids.max()) >= self._vocab_size:
            worst = int(ids.min()) if int(ids.min()) < 0 else int(ids.max())
            raise DataError(f"token {worst} is outside a vocabulary of {self._vocab_size}", "use one tokenizer for all")
        learned = None if sample.learned is None else np.asarray(sample.learned, dtype=np.bool_)
        if learned is not None and len(learned) != len(ids):
            raise ValueError(f"{len(ids)} tokens and {len(learned)} flags of what is learned")
        self._append(ids.astype(self._dtype), None if learned is None or learned.all() else learned)
        self.documents += 1
        self.tokens += len(ids)
        if self._pending >= self._shard_tokens:
            self._flush()

    def state(self) -> dict[str, Any]:
        """The complete shards on disk, as `resume` takes them."""
        return {"shards": self._shards, "documents": self.documents, "tokens": self.tokens}

    def pending_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The documents of the incomplete shard that were added since the last call: ``ids`` concatenated, ``lengths``,
        ``learned``; ``shard`` is the number of the shard.
        """
        ids, learned = self._ids[self._saved :], self._learned[self._saved :]
        lengths, self._saved = self._lengths[self._saved :], len(self._lengths)
        return {
            "shard": np.array(len(self._shards)),
            "ids": np.concatenate([np.zeros(0, self._dtype), *ids]),
            "lengths": np.array(lengths, dtype=np.int64),
            "learned": np.concatenate([np.zeros(0, np.bool_), *map(_flags, learned)]),
        }

    def resume(self, state: Mapping[str, Any], parts: Iterable[Mapping[str, NDArray[Any]]]) -> bool:
        """Restore what `state` and `pending_arrays` returned, before the context is entered. False, and nothing is
        changed, if a shard is missing.
        """
        if not all(
            (self._partial / entry["name"]).exists() for shard in state["shards"] for entry in shard["files"].values()
        ):
            return False
        for part in parts:
            if int(part["shard"]) == len(state["shards"]):
                cuts = np.cumsum(part["lengths"])[:-1]
                ids, learned = np.split(part["ids"], cuts), np.split(part["learned"], cuts)
                for document, flags in zip(ids if len(part["lengths"]) else [], learned, strict=False):
                    self._append(document.astype(self._dtype), None if flags.all() else flags)
        self._shards = list(state["shards"])
        self._saved = len(self._lengths)
        self.documents, self.tokens = state["documents"], state["tokens"]
        self._resumed = True
        return True

    def _append(self, ids: NDArray[np.generic], learned: NDArray[np.bool_] | None) -> None:
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
            files["learned"] = np.concatenate([_flags(part) for part in self._learned])
        entry: dict[str, Any] = {"tokens": self._pending, "documents": len(self._lengths), "files": {}}
        try:
            for kind, values in files.items():
                entry["files"][kind] = {"name": f"{kind}-{number}", "sha256": self._write(f"{kind}-{number}", values)}
        except OSError as error:
            raise _disk_error(error, self._directory) from error
        self._shards.append(entry)
        self._ids, self._learned, self._lengths, self._pending, self._saved = [], [], [], 0, 0

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


def _flags(learned: NDArray[np.bool_] | int) -> NDArray[np.bool_]:
    return np.ones(learned, np.bool_) if isinstance(learned, int) else learned


def _disk_error(error: OSError, directory: Path) -> DataError:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return DataError(f"the disk under {directory} is full", "free some space, or choose another directory")
    return DataError(
        f"{directory} cannot be written: {error.strerror}", "check its permissions, or choose another directory"
    )
