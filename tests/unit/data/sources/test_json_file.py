"""JSON files by what they hold, whatever they are called."""

import json
from pathlib import Path

import pytest
from source_texts import texts

from fathom.base.errors import DataError
from fathom.data.sources.json_file import JsonSource
from fathom.data.sources.source import Position, Skips

RECORDS = [{"text": "one"}, {"text": "two"}]
TALK = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=2),
        "\ufeff" + json.dumps(RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
        "\r\n\r\n".join(map(json.dumps, RECORDS)) + "\r\n",
        json.dumps({"version": 1, "data": RECORDS}),
        json.dumps({"train": RECORDS}, indent=1),
    ],
    ids=["list", "indented", "mark", "lines", "empty-lines", "within", "within-indented"],
)
def test_records(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    skips = Skips()
    assert texts(JsonSource(tmp_path / name), skips) == ["one", "two"]
    assert texts(JsonSource(tmp_path / name), start=Position(0, 1))[-1:] == ["two"]
    assert skips.items == []


@pytest.mark.parametrize("indent", [None, 2])
def test_one_record(tmp_path: Path, indent: int | None) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"text": "one"}, indent=indent))
    assert texts(JsonSource(tmp_path / "x.json")) == ["one"]


def test_a_record_with_a_list_of_objects_is_one_record(tmp_path: Path) -> None:
    record = {"question": "Double it.", "examples": [{"input": "4", "output": "8"}]}
    (tmp_path / "x.jsonl").write_text(json.dumps(record))
    assert [each.data for each in JsonSource(tmp_path / "x.jsonl").records(Skips())] == [record]


def test_lists_of_messages_are_conversations(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(TALK) + "\n" + json.dumps(TALK))
    records = list(JsonSource(tmp_path / "x.jsonl").records(Skips()))
    assert [record.data for record in records] == [{"messages": TALK}] * 2
    (tmp_path / "x.json").write_text(json.dumps([TALK, {"messages": TALK}, 3]))
    skips = Skips()
    records = list(JsonSource(tmp_path / "x.json").records(skips))
    assert [(record.where, record.data) for record in records] == [
        ("x.json:1", {"messages": TALK}),
        ("x.json:2", {"messages": TALK}),
    ]
    assert skips.items == [("x.json:3", "it holds a int, not an object")]


def test_lines_after_a_broken_one_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "hal\n{"text": "two"}\n')
    skips = Skips()
    assert texts(JsonSource(tmp_path / "x.jsonl"), skips) == ["two"]
    assert [where for where, _ in skips.items] == ["x.jsonl:1"]


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    for content in ("", "\n\n", "[]"):
        (tmp_path / "x.json").write_text(content)
        assert list(JsonSource(tmp_path / "x.json").records(Skips())) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[\n{}\n", r"x\.json is not JSON \(Expecting .*\); correct it there, or write one record a line"),
        (b'[\n{"text": "\xff"}]', r"x\.json is not UTF-8; save it as UTF-8"),
    ],
)
def test_a_broken_list(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(JsonSource(tmp_path / "x.json").records(Skips()))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.json cannot be read"):
        list(JsonSource(tmp_path / "x.json").records(Skips()))
