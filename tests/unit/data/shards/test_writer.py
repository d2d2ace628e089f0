"""Token files: what is read is what was written; what is damaged, foreign or half is refused."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.base.errors import DataError
from fathom.data.shards.reader import Shards
from fathom.data.shards.store import MemoryStore, Sample
from fathom.data.shards.writer import ShardWriter

SAMPLES = [Sample([1, 2, 3]), Sample([4, 5], [False, True]), Sample([]), Sample([6, 7, 8, 9])]


def write(directory: Path, samples: list[Sample], **options: object) -> Shards:
    options = {"tokenizer": "abc", "vocab_size": 100, "shard_tokens": 4} | options
    with ShardWriter(directory, **options) as writer:  # type: ignore[arg-type]
        for sample in samples:
            writer.add(sample)
    return Shards(directory)


def some_sample() -> st.SearchStrategy[Sample]:
    ids = st.lists(st.integers(0, 99), min_size=1, max_size=9)
    marks = st.booleans().flatmap(lambda all_: st.none() if all_ else st.just([True, False]))
    return st.builds(lambda i, m: Sample(i, None if m is None else [m[k % 2] for k in range(len(i))]), ids, marks)


@settings(max_examples=40)
@given(st.lists(some_sample(), max_size=8), st.integers(1, 20), st.data())
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], shard_tokens: int, data: st.DataObject
) -> None:
    shards = write(tmp_path_factory.mktemp("data") / "x", samples, shard_tokens=shard_tokens)
    memory = MemoryStore(samples)
    total = shards.tokens
    assert shards.offsets.tolist() == memory.offsets.tolist()
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))
    assert shards.read(start, stop).tolist() == memory.read(start, stop).tolist()
    assert shards.read_learned(start, stop).tolist() == memory.read_learned(start, stop).tolist()


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
def test_ids_take_two_bytes_where_they_fit(tmp_path: Path, vocab_size: int, bytes_a_token: int) -> None:
    last = vocab_size - 1
    shards = write(tmp_path / "data", [Sample([0, last])], vocab_size=vocab_size)
    assert shards.read(0, 2).tolist() == [0, last]
    assert (tmp_path / "data" / "tokens-00000.bin").stat().st_size == 2 * bytes_a_token


def test_the_fingerprint_follows_the_tokens(tmp_path: Path) -> None:
    one = write(tmp_path / "a", [Sample([1])]).fingerprint
    assert write(tmp_path / "b", [Sample([1])], about={"other": 1}).fingerprint == one
    assert write(tmp_path / "c", [Sample([2])]).fingerprint != one


def test_nothing_at_all_is_a_directory_too(tmp_path: Path) -> None:
    shards = write(tmp_path / "data", [])
    assert (shards.documents, shards.tokens, shards.read(0, 0).tolist()) == (0, 0, [])


class TestRefusals:
    def test_another_tokenizer(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        with pytest.raises(DataError, match=r"another tokenizer .*; prepare the data with the model's own tokenizer"):
            Shards(tmp_path / "data", tokenizer="xyz")

    def test_no_directory(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="there are no token files in"):
            Shards(tmp_path)

    def test_a_broken_index(self, tmp_path: Path) -> None:
        (tmp_path / "index.json").write_text("{", encoding="utf-8")
        with pytest.raises(DataError, match="cannot be read"):
            Shards(tmp_path)

    def test_another_format(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        index = tmp_path / "data" / "index.json"
        index.write_text(json.dumps(json.loads(index.read_text()) | {"format": 2}), encoding="utf-8")
        with pytest.raises(DataError, match="is not of format 1"):
            Shards(tmp_path / "data")

    def test_a_missing_and_a_short_file(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        file = tmp_path / "data" / "tokens-00001.bin"
        file.write_bytes(file.read_bytes()[:-1])
        with pytest.raises(DataError, match="has 7 bytes, not 8"):
            Shards(tmp_path / "data")
        file.unlink()
        with pytest.raises(DataError, match=r"tokens-00001\.bin is missing"):
            Shards(tmp_path / "data")

    def test_one_flipped_bit(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        file = tmp_path / "data" / "tokens-00000.bin"
        data = bytearray(file.read_bytes())
        data[3] ^= 1
        file.write_bytes(bytes(data))
        Shards(tmp_path / "data")
        with pytest.raises(DataError, match=r"tokens-00000\.bin is damaged"):
            Shards(tmp_path / "data", verify=True)

    def test_an_id_outside_the_vocabulary(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="token 100 is outside a vocabulary of 100"):
            write(tmp_path / "data", [Sample([5, 100])])
        with pytest.raises(DataError, match="token -1 is outside"):
            write(tmp_path / "data", [Sample([-1])])
        assert list(tmp_path.iterdir()) == []

    def test_a_directory_that_is_there(self, tmp_path: Path) -> None:
        write(tmp_path / "data", SAMPLES)
        with pytest.raises(DataError, match="exists already"):
            write(tmp_path / "data", SAMPLES)

    def test_marks_that_do_not_fit(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="2 tokens and 1 flags"):
            write(tmp_path / "data", [Sample([1, 2], [True])])

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(DataError, match=r"the disk under .* is full"):
            write(tmp_path / "data", SAMPLES)
        assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_nothing_and_a_killed_run_is_swept_up(tmp_path: Path) -> None:
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "tokens-00007.bin").write_bytes(b"of a run that was killed")
    with pytest.raises(AttributeError):
        write(tmp_path / "data", [Sample([1]), None])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "data.partial").mkdir()
    (tmp_path / "data.partial" / "tokens-00007.bin").write_bytes(b"of a run that was killed")
    assert write(tmp_path / "data", SAMPLES).documents == 3
    assert not (tmp_path / "data" / "tokens-00007.bin").exists()
