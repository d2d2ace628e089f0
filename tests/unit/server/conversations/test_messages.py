"""Messages: questions, edits, answers that end, and paths read in windows."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from fathom.server.conversations.messages import finish_message, insert_message
from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.store.ids import new_id
from fathom.server.store.schema import files


async def answer(chats, conversation: str, parent: str, text: str = "", **options):
    async with chats.database.write() as connection:
        content = [{"type": "answer", "text": text}] if text else []
        return await insert_message(connection, conversation, parent, "assistant", content, **options)


async def test_a_question_is_the_head_and_gives_the_title(chats):
    identifier, (question,) = await chats.chat("# What is *this*?")
    row = await chats.conversations.get(identifier)
    assert (row.head, row.title, row.title_source) == (question.id, "What is *this*?", "question")
    assert row.updated == question.created
    assert question.parts == ({"type": "text", "text": "# What is *this*?"},)
    assert (question.siblings, question.index, question.state) == ((question.id,), 0, "done")
    assert chats.seen[-1].message == question
    assert chats.seen[-1].conversation == row
    await chats.messages.ask(identifier, parent=question.id, text="Another")
    assert (await chats.conversations.get(identifier)).title == "What is *this*?"


async def test_an_edit_is_a_sibling_and_changes_nothing_else(chats):
    identifier, (first, second) = await chats.chat("first", "second")
    edited = await chats.messages.ask(identifier, parent=first.id, text="second, better")
    assert edited.siblings == (second.id, edited.id)
    assert edited.index == 1
    assert (await chats.messages.get(second.id)).parts == second.parts
    assert [message.id for message in (await chats.messages.page(identifier)).data] == [first.id, edited.id]
    root = await chats.messages.ask(identifier, parent=None, text="a new beginning")
    assert root.siblings == (first.id, root.id)


async def test_a_path_is_read_in_windows(chats):
    identifier, added = await chats.chat(*(str(number) for number in range(23)))
    window = await chats.messages.page(identifier, limit=10)
    assert [message.id for message in window.data] == [message.id for message in added[13:]]
    assert window.next == added[13].id
    window = await chats.messages.page(identifier, limit=10, before=window.next)
    assert [message.id for message in window.data] == [message.id for message in added[3:13]]
    window = await chats.messages.page(identifier, limit=10, before=window.next)
    assert [message.id for message in window.data] == [message.id for message in added[:3]]
    assert window.next is None
    whole = await chats.messages.path(identifier, added[-1].id)
    assert [message.id for message in whole] == [message.id for message in added]


async def test_an_answer_that_is_written_and_ends(chats):
    identifier, (question,) = await chats.chat("q")
    waiting = await answer(chats, identifier, question.id, state="waiting", run=new_id())
    with pytest.raises(ConflictError, match="still written; wait for its end, or stop it"):
        await chats.messages.ask(identifier, parent=waiting.id, text="too early")
    content = [{"type": "thinking", "text": "hm", "ms": 5}, {"type": "answer", "text": "so\ud800"}]
    async with chats.database.write() as connection:
        done = await finish_message(
            connection,
            waiting.id,
            content,
            state="stopped",
            finish_reason="stop",
            usage={"completion_tokens": 2},
            error={"message": "m", "remedy": "r"},
            model="tiny",
        )
    assert done.parts == ({"type": "thinking", "text": "hm", "ms": 5}, {"type": "answer", "text": "so�"})
    assert (done.state, done.finish_reason, done.model, done.run) == ("stopped", "stop", "tiny", waiting.run)
    assert (done.usage, done.error) == ({"completion_tokens": 2}, {"message": "m", "remedy": "r"})
    assert await chats.messages.get(waiting.id) == done
    assert (await chats.search.find("hm")).data[0].message == done.id
    await chats.messages.ask(identifier, parent=waiting.id, text="now")


async def test_where_no_question_can_be_asked(chats):
    identifier, (question,) = await chats.chat("q")
    other, _ = await chats.chat("other")
    for conversation, parent in ((identifier, "nothing"), (other, question.id), ("nothing", None)):
        with pytest.raises(NotFoundError):
            await chats.messages.ask(conversation, parent=parent, text="x")
    with pytest.raises(NotFoundError, match="there is no file 'nothing'; upload it again"):
        await chats.messages.ask(identifier, parent=None, text="x", file_ids=["nothing"])
    await chats.conversations.trash(identifier)
    with pytest.raises(ConflictError, match="in the trash; restore it first"):
        await chats.messages.ask(identifier, parent=question.id, text="x")
    assert len(await chats.messages.all(identifier)) == 1


async def test_the_state_of_a_file_is_its_present_one(chats):
    file = {"id": new_id(), "name": "a.pdf", "media_type": "application/pdf", "bytes": 3, "sha256": "0" * 64}
    async with chats.database.write() as connection:
        await connection.execute(insert(files), file | {"state": "reading", "data": {}, "created": 1})
    row = await chats.conversations.create()
    question = await chats.messages.ask(row.id, parent=None, text="", file_ids=[file["id"]])
    assert (await chats.conversations.get(row.id)).title == "a.pdf"
    async with chats.database.write() as connection:
        await connection.execute(files.update().values(state="ready", tokens=7))
    (part,) = (await chats.messages.get(question.id)).parts
    described = {name: file[name] for name in ("name", "media_type", "bytes")}
    assert part == {"type": "file", "file": file["id"], "state": "ready", "tokens": 7, **described}
    async with chats.database.write() as connection:
        await connection.execute(files.delete())
    (part,) = (await chats.messages.get(question.id)).parts
    assert (part["name"], part["state"]) == ("a.pdf", "reading")


async def test_messages_by_their_ids(chats):
    identifier, added = await chats.chat("a", "b", "c")
    read = await chats.messages.read([added[2].id, "nothing", added[0].id])
    assert [message.id for message in read] == [added[0].id, added[2].id]
    assert await chats.messages.read([]) == []
    with pytest.raises(NotFoundError):
        await chats.messages.get("nothing")
    with pytest.raises(NotFoundError):
        await chats.messages.page(identifier, before="nothing")
