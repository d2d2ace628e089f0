"""The entries of texts, and both forms of the index."""

from __future__ import annotations

import itertools

from sqlalchemy import select, text

from fathom.server.conversations.index import (
    LONGEST_ENTRY,
    divide,
    index_message,
    index_title,
    kind_term,
    message_texts,
    quote,
)
from fathom.server.conversations.terms import terms_of
from fathom.server.store.schema import search_entries


def test_a_text_is_divided_without_a_gap():
    for whole in ("", "short", "word " * 10_000, "字" * 30_000, "x" * 25_000):
        pieces = list(divide(whole))
        assert "".join(whole[start:end] for start, end in pieces) == whole
        assert all(0 < end - start <= LONGEST_ENTRY for start, end in pieces)
        assert all(one[1] == other[0] for one, other in itertools.pairwise(pieces))
    assert all(whole[end - 1] == " " for whole in ["word " * 10_000] for _, end in divide(whole))


def test_which_parts_are_searched():
    content = [
        {"type": "thinking", "text": "a"},
        {"type": "tool_call", "id": "1"},
        {"type": "answer", "text": "b"},
        {"type": "file", "file": "f"},
        {"type": "text", "text": "c"},
    ]
    texts = message_texts("c", "m", content)
    assert [(one.kind, one.position, one.text) for one in texts] == [
        ("thinking", 0, "a"),
        ("answer", 2, "b"),
        ("question", 4, "c"),
    ]


def test_the_term_of_a_kind_is_no_text():
    assert [term.text for term in terms_of(kind_term("title"))] == ["title"]
    assert quote("it's\\") == "'it''s\\\\'"


async def test_what_was_known_before_is_replaced(chats):
    identifier, (question,) = await chats.chat("before")
    async with chats.database.write() as connection:
        await index_message(connection, identifier, question.id, [{"type": "text", "text": "after " * 5000}])
        await index_title(connection, identifier, "")
    async with chats.database.read() as connection:
        entries = (await connection.execute(select(search_entries).order_by(search_entries.c.id))).all()
        indexed = (await connection.execute(text("SELECT count(*) FROM search_index"))).scalar()
    assert [entry.kind for entry in entries] == ["question"] * 3
    assert [(entry.start, entry.start + entry.length) for entry in entries] == list(divide("after " * 5000))
    assert indexed == 3
    assert (await chats.search.find("before")).data == []
    assert len((await chats.search.find("after")).data) == 1
