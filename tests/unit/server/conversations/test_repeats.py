"""Requests that are repeated."""

from __future__ import annotations

import pytest

from fathom.server.conversations import repeats
from fathom.server.conversations.messages import insert_message
from fathom.server.conversations.records import NewQuestion
from fathom.server.conversations.repeats import KEPT_MS, find_answer, find_sent
from fathom.server.errors import ConflictError
from fathom.server.store.ids import milliseconds


async def test_a_key_leads_to_its_question_for_a_day(chats, monkeypatch):
    database, messages = chats.database, chats.messages
    row, other = await chats.conversations.create(), await chats.conversations.create()
    sent = await messages.ask(row.id, parent=None, text="q", key="a")
    async with database.read() as connection:
        assert await find_sent(connection, row.id, NewQuestion(None, "q", (), "a")) == sent
        assert await find_sent(connection, row.id, NewQuestion(sent.id, "q", (), "a")) == sent, "wherever it was asked"
        for name, question in ((other.id, NewQuestion(None, "q", (), "a")), (row.id, NewQuestion(None, "q"))):
            assert await find_sent(connection, name, question) is None
        for question in (NewQuestion(None, "p", (), "a"), NewQuestion(None, "q", ("file",), "a")):
            with pytest.raises(ConflictError):
                await find_sent(connection, row.id, question)
        monkeypatch.setattr(repeats, "milliseconds", lambda: milliseconds() + KEPT_MS + 1000)
        assert await find_sent(connection, row.id, NewQuestion(None, "q", (), "a")) is None


async def test_a_key_leads_to_its_conversation_for_a_day(chats, monkeypatch):
    row = await chats.conversations.create(key="a")
    reported = len(chats.seen)
    assert await chats.conversations.create(title="another", key="a") == row
    assert len(chats.seen) == reported
    for options in ({}, {"key": "b"}, {"key": "a", "temporary": True}):
        assert (await chats.conversations.create(**options)).id != row.id
    monkeypatch.setattr(repeats, "milliseconds", lambda: milliseconds() + KEPT_MS + 1000)
    assert (await chats.conversations.create(key="a")).id != row.id


async def test_a_key_does_not_lead_to_a_deleted_conversation(chats):
    row = await chats.conversations.create(key="a")
    await chats.conversations.trash(row.id)
    assert (await chats.conversations.create(key="a")).id != row.id


async def test_the_first_answer(chats):
    database = chats.database
    row = await chats.conversations.create()
    question = await chats.messages.ask(row.id, parent=None, text="q", key="a")
    async with database.write() as connection:
        assert await find_answer(connection, question.id) is None
        first = await insert_message(connection, row.id, question.id, "assistant", ())
        await insert_message(connection, row.id, question.id, "assistant", ())
        assert (await find_answer(connection, question.id)).id == first.id
