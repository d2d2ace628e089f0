"""A file as a part of a message."""

from __future__ import annotations

from stored_files import stored_file

from fathom.server.files.records import StoredPassage


def test_the_part_that_attaches_it():
    file = stored_file("a.pdf", state="ready", tokens=7)
    assert file.part() == {
        "type": "file",
        "file": file.id,
        "name": "a.pdf",
        "media_type": "text/plain",
        "bytes": 3,
        "tokens": 7,
        "state": "ready",
    }


def test_a_passage_belongs_to_a_file():
    assert StoredPassage("f", 0, {"page": 1}, "x", 1).file == "f"
