import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fathom.base.errors import ConfigError, DataError
from fathom.tasks.collection import Collection, content_id, first_text
from fathom.tasks.task import Item


def make(record: Mapping[str, Any]) -> Item:
    return Item(content_id("t", first_text(record, "q")), record["q"], record["a"])


def written(path: Path, records: list[Any]) -> str:
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in records))
    return str(path)


def asked(collection: Collection, split: Any, seed: int = 0) -> list[Any]:
    return [item.prompt for item in collection.items("t", split, make, seed)]


def test_one_file_is_split_by_content(tmp_path: Path) -> None:
    records = [{"q": f"question {n}", "a": n} for n in range(400)]
    forward = Collection(train=written(tmp_path / "a.jsonl", records))
    backward = Collection(train=written(tmp_path / "b.jsonl", records[::-1]))
    parts = [set(asked(forward, split)) for split in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 400
    assert [len(part) for part in parts] == [345, 17, 38]
    assert parts == [set(asked(backward, split, seed=7)) for split in ("train", "validation", "test")]


def test_the_seed_alone_decides_the_order(tmp_path: Path) -> None:
    collection = Collection(test=written(tmp_path / "a.jsonl", [{"q": f"{n}", "a": n} for n in range(9)]))
    assert asked(collection, "test", 1) == asked(collection, "test", 1) != asked(collection, "test", 2)
    assert sorted(asked(collection, "test", 1)) == [*"012345678"]


def test_own_splits_are_kept_and_held_out_problems_are_removed_from_training(tmp_path: Path) -> None:
    collection = Collection(
        train=written(tmp_path / "train.jsonl", [{"q": "a", "a": 1}, {"q": "b  b", "a": 1}, {"q": "c", "a": 1}]),
        validation=written(tmp_path / "validation.jsonl", [{"q": "c", "a": 1}, {"q": "d", "a": 1}]),
        test=written(tmp_path / "test.jsonl", [{"q": "b b", "a": 1}, {"q": "d", "a": 1}, {"q": "d", "a": 1}]),
    )
    assert asked(collection, "train") == ["a"]
    assert asked(collection, "validation") == ["c"]
    assert sorted(asked(collection, "test")) == ["b b", "d"]


def test_bad_lines_are_logged_with_their_numbers_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = [
        {"q": "a", "a": 1},
        "",
        "{",
        "[1]",
        {"a": 1},
        {"q": " ", "a": 1},
        {"q": 5, "a": 1},
        {"q": "b"},
        {"q": "c", "a": 1},
    ]
    collection = Collection(test=written(tmp_path / "x.jsonl", lines))
    with caplog.at_level(logging.WARNING):
        assert sorted(asked(collection, "test")) == ["a", "c"]
    (message,) = caplog.messages
    assert message.startswith(f"6 records of {tmp_path}/x.jsonl cannot be used: x.jsonl:3: ")
    assert "x.jsonl:5: it has no text in 'q'" in message


def test_too_many_bad_lines_are_an_error(tmp_path: Path) -> None:
    collection = Collection(test=written(tmp_path / "x.jsonl", ["[1]"] * 4), max_skipped=3)
    with pytest.raises(DataError, match=r"4 records cannot be used: x\.jsonl:1: "):
        asked(collection, "test")


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no source of problems; give train="):
        Collection()
    with pytest.raises(DataError, match="there is no file"):
        asked(Collection(train=str(tmp_path / "absent.jsonl")), "train")
    with pytest.raises(ConfigError, match="the train split of t is empty; give train= a source"):
        asked(Collection(test=written(tmp_path / "x.jsonl", [{"q": "a", "a": 1}])), "train")
