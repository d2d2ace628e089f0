"""Writing token files: layout, refusals, and what an exception or a kill leaves."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from token_files import SAMPLES, write

from fathom.base.errors import DataError
from fathom.data.shards.reader import Shards
from fathom.data.shards.store import Sample
from fathom.data.shards.writer import ShardWriter


def test_files_and_index(tmp_path: Path) -> None:
    shards = write(tmp_path / "data", SAMPLES, about={"source": "ours"})
    assert (shards.documents, shards.tokens, shards.about) == (3, 9, {"source": "ours"})
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        "index.json",
        "learned-00000.bin",
        "lengths-00000.bin",
        "lengths-00001.bin",
        "tokens-00000.bin",
        "tokens-00001.bin",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert np.fromfile(tmp_path / "data" / "tokens-00001.bin", dtype="<u2").tolist() == [6, 7, 8, 9]
    assert Shards(tmp_path / "data", tokenizer="abc", verify=True).fingerprint == shards.fingerprint


@pytest.mark.parametrize(("vocab_size", "bytes_a_token"), [(1 << 16, 2), ((1 << 16) + 1, 4)])
def test_ids_take_two_bytes_if_they_fit(tmp_path: Path, vocab_size: int, bytes_a_token: int) -> None:
    last = vocab_size - 1
    shards = write(tmp_path / "data", [Sample([0, last])], vocab_size=vocab_size)
    assert shards.read(0, 2).tolist() == [0, last]
    assert (tmp_path / "data" / "tokens-00000.bin").stat().st_size == 2 * bytes_a_token


class TestRefusals:
    def test_an_id_outside_the_vocabulary(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="token 100 is outside a vocabulary of 100"):
            write(tmp_path / "data", [Sample([5, 100])])
        with pytest.raises(DataError, match="token -1 is outside"):
            write(tmp_path / "data", [Sample([-1])])
        assert list(tmp_path.iterdir()) == []

    def test_a_directory_that_exists(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        with pytest.raises(DataError, match="exists already"):
            write(tmp_path / "data", SAMPLES)

    def test_flags_that_do_not_match(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="2 tokens and 1 flags"):
            write(tmp_path / "data", [Sample([1, 2], [True])])

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match=r"the disk under .* is full"):
            write(tmp_path / "data", SAMPLES)
        assert list(tmp_path.iterdir()) == []


def test_a_failure_and_a_killed_run_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "tokens-00007.bin").write_bytes(b"of a run that was killed")
    with pytest.raises(AttributeError):
        write(tmp_path / "data", [Sample([1]), None])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "tokens-00007.bin").write_bytes(b"of a run that was killed")
    assert write(tmp_path / "data", SAMPLES).documents == 3
    assert not (tmp_path / "data" / "tokens-00007.bin").exists()


def test_progress_can_be_saved_and_restored(tmp_path: Path) -> None:
    options = {"tokenizer": "abc", "vocab_size": 100, "shard_tokens": 4, "resumable": True}
    writer = ShardWriter(tmp_path / "data", **options)  # type: ignore[arg-type]
    writer.__enter__()
    for sample in (*SAMPLES[:2], Sample([6, 7])):
        writer.add(sample)
    state, pending = writer.state(), writer.pending_arrays()
    writer.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert pending["ids"].tolist() == [6, 7]
    again = ShardWriter(tmp_path / "data", **options)  # type: ignore[arg-type]
    assert again.resume(state, [pending])
    with again:
        again.add(Sample([8]))
    assert Shards(tmp_path / "data").read(0, 8).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_no_progress_is_restored_if_a_shard_is_missing(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "data", tokenizer="abc", vocab_size=100)
    files = {"tokens": {"name": "tokens-00000.bin"}}
    assert not writer.resume({"shards": [{"files": files}], "documents": 1, "tokens": 1}, [])
    assert (writer.documents, writer.tokens) == (0, 0)
