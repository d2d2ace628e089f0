"""Shares: a snapshot that ends when it is revoked, or its conversation goes."""

from __future__ import annotations

import pytest

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages, insert_message
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.sharing import Shares
from fathom.server.errors import ConflictError, NotFoundError


@pytest.fixture
def repository(database):
    return Conversations(database, Changes())


async def made(database, repository, **fields):
    row = await repository.create(title="t", **fields)
    question = await Messages(database, Changes()).ask(row.id, parent=None, text="q")
    return row.id, question.id


async def test_a_share_keeps_the_head_of_its_moment(database, repository):
    conversation, question = await made(database, repository)
    shares = Shares(database)
    share = await shares.create(conversation)
    assert len(share.token) == 22
    assert share.json()["url"] == f"/share/{share.token}"
    await Messages(database, Changes()).ask(conversation, parent=question, text="later")
    assert (await shares.get(share.token)).head == question
    assert await shares.list(conversation) == [share]
    await shares.revoke(share.token)
    for attempt in (shares.get(share.token), shares.revoke(share.token), shares.list("x"), shares.create("x")):
        with pytest.raises(NotFoundError):
            await attempt


async def test_the_trash_hides_a_share_and_deletion_ends_it(database, repository):
    conversation, _ = await made(database, repository)
    shares = Shares(database)
    share = await shares.create(conversation)
    await repository.trash(conversation)
    with pytest.raises(NotFoundError):
        await shares.get(share.token)
    await repository.restore(conversation)
    assert (await shares.get(share.token)).token == share.token
    await repository.delete(conversation)
    with pytest.raises(NotFoundError):
        await shares.get(share.token)


async def test_what_cannot_be_shared(database, repository):
    shares = Shares(database)
    empty = await repository.create(title="t")
    temporary, _ = await made(database, repository, temporary=True)
    writing, question = await made(database, repository)
    async with database.write() as connection:
        await insert_message(connection, writing, question, "assistant", [], state="streaming")
    for conversation in (empty.id, temporary, writing):
        with pytest.raises(ConflictError):
            await shares.create(conversation)
