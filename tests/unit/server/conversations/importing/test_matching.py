"""Which messages are here already: by place and words."""

from __future__ import annotations

from fathom.server.conversations.importing.imported import ImportedMessage, ImportedPart
from fathom.server.conversations.importing.matching import file_note, match
from fathom.server.conversations.records import StoredMessage


def imported(key, parent, role, *texts):
    kind = "text" if role == "user" else "answer"
    return ImportedMessage(key, parent, role, tuple(ImportedPart(kind, text) for text in texts))


def stored(key, parent, role, *texts):
    kind = "text" if role == "user" else "answer"
    parts = tuple({"type": kind, "text": text} for text in texts)
    return StoredMessage(key, "c", parent, role, None, "done", None, None, None, None, 1, 1, parts)


def test_what_is_new_is_below_what_is_known():
    here = [stored("1", None, "user", "q"), stored("2", "1", "assistant", "a")]
    came = [
        imported("q", None, "user", "q"),
        imported("a", "q", "assistant", "a"),
        imported("b", "q", "assistant", "b"),
        imported("c", "b", "user", "q"),
    ]
    assert match(came, here) == {"q": "1", "a": "2"}


def test_equal_siblings_are_two_messages():
    here = [stored("1", None, "user", "q")]
    came = [imported("x", None, "user", "q"), imported("y", None, "user", "q")]
    assert match(came, here) == {"x": "1"}


def test_files_and_what_no_database_takes_do_not_matter():
    here = [stored("1", None, "user", file_note("a.pdf"), "q\N{REPLACEMENT CHARACTER}")]
    came = [ImportedMessage("x", None, "user", (ImportedPart("file"), ImportedPart("text", "q\0")))]
    assert match(came, here) == {"x": "1"}
    assert match([imported("x", None, "assistant", "q")], here) == {}
