"""Skipped records, documents of records, generated sources."""

import pytest

from fathom.base.errors import DataError
from fathom.data.sources.source import Document, GeneratedSource, Position, Skips, documents


def test_too_many_skips_are_an_error() -> None:
    skips = Skips(limit=6)
    for line in range(6):
        skips.add(f"x.jsonl:{line}", "broken")
    with pytest.raises(DataError) as caught:
        skips.add("x.jsonl:9", "broken")
    assert str(caught.value) == (
        "7 records cannot be used: x.jsonl:0: broken; x.jsonl:1: broken; x.jsonl:2: broken; x.jsonl:3: broken; "
        "x.jsonl:4: broken; and 2 more; repair the data, or allow more of them to be skipped"
    )


def test_documents_without_a_text_are_skipped() -> None:
    rows = [{"text": "a"}, {"body": "b"}, {"text": 7}, {"text": " \n"}, {"text": "c", "id": 5}]
    source = GeneratedSource("made", rows.__getitem__, len(rows))
    skips = Skips()
    assert list(documents(source, skips)) == [Document("a", "made:1", "made"), Document("c", "5", "made")]
    assert skips.items == [
        ("made:2", "it has no 'text'"),
        ("made:3", "it has a int as 'text'"),
        ("made:4", "its 'text' is empty"),
    ]
    assert [document.text for document in documents(source, Skips(), field="body")] == ["b"]


def test_a_position_resumes_after_a_record() -> None:
    source = GeneratedSource("made", str, 4)
    third = list(source.records(Skips()))[2]
    assert third.position == Position(0, 2)
    assert [record.data["text"] for record in source.records(Skips(), third.position.next)] == ["3"]


def test_generated_records_depend_on_their_number_alone() -> None:
    source = GeneratedSource("squares", lambda n: {"text": f"{n}² = {n * n}"}, 4, version=2)
    assert [record.data["text"] for record in source.records(Skips(), Position(0, 2))] == ["2² = 4", "3² = 9"]
    assert source.describe() == {"kind": "generated", "name": "squares", "count": 4, "version": 2}
