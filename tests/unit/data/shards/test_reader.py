"""Reading token files: what was written is read; damaged or foreign directories are refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_files import SAMPLES, write

from fathom.base.errors import DataError
from fathom.data.shards.reader import Shards
from fathom.data.shards.store import MemoryStore, Sample


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


def test_the_fingerprint_depends_on_the_tokens(tmp_path: Path) -> None:
    one = write(tmp_path / "a", [Sample([1])]).fingerprint
    assert write(tmp_path / "b", [Sample([1])], about={"other": 1}).fingerprint == one
    assert write(tmp_path / "c", [Sample([2])]).fingerprint != one


def test_a_directory_without_documents(tmp_path: Path) -> None:
    shards = write(tmp_path / "data", [])
    assert (shards.documents, shards.tokens, shards.read(0, 0).tolist()) == (0, 0, [])


def test_another_tokenizer(tmp_path: Path) -> None:
    write(tmp_path / "data", SAMPLES)
    with pytest.raises(DataError, match=r"another tokenizer .*; prepare the data with the model's own tokenizer"):
        Shards(tmp_path / "data", tokenizer="xyz")


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no token files in"):
        Shards(tmp_path)


def test_a_broken_index(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        Shards(tmp_path)


def test_another_format(tmp_path: Path) -> None:
    write(tmp_path / "data", SAMPLES)
    index = tmp_path / "data" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"format": 2}), encoding="utf-8")
    with pytest.raises(DataError, match="is not of format 1"):
        Shards(tmp_path / "data")


def test_a_missing_and_a_short_file(tmp_path: Path) -> None:
    write(tmp_path / "data", SAMPLES)
    file = tmp_path / "data" / "tokens-00001.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataError, match="has 7 bytes, not 8"):
        Shards(tmp_path / "data")
    file.unlink()
    with pytest.raises(DataError, match=r"tokens-00001\.bin is missing"):
        Shards(tmp_path / "data")


def test_one_flipped_bit(tmp_path: Path) -> None:
    write(tmp_path / "data", SAMPLES)
    file = tmp_path / "data" / "tokens-00000.bin"
    data = bytearray(file.read_bytes())
    data[3] ^= 1
    file.write_bytes(bytes(data))
    Shards(tmp_path / "data")
    with pytest.raises(DataError, match=r"tokens-00000\.bin is damaged"):
        Shards(tmp_path / "data", verify=True)
