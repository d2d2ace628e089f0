"""Imports into a database: whole or not at all, never doubled, and what was exported comes back equal."""

from __future__ import annotations

import json
import zipfile

import pytest
from chat_exports import chatgpt, chatgpt_message, ours
from sqlalchemy import func, select

from fathom.base.errors import RequestError, StorageError
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.export.exporter import Exporter
from fathom.server.conversations.importing import importer as module
from fathom.server.conversations.importing.importer import Importer
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.search import Search
from fathom.server.store.ids import milliseconds
from fathom.server.store.schema import conversations, messages


@pytest.fixture
def kept():
    return []


@pytest.fixture
def importer(database, kept):
    async def keep(name, data):
        kept.append((name, data))
        return {
            "type": "file",
            "file": f"f{len(kept)}",
            "name": name,
            "media_type": "x/y",
            "bytes": len(data),
            "tokens": None,
            "state": "ready",
        }

    return Importer(database, Changes(), keep)


@pytest.fixture
def run(importer, tmp_path):
    async def run(*records, text=None):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(list(records)) if text is None else text)
        return (await importer.run(path)).json()

    return run


def talk(*texts, **fields):
    nodes, parent = [], None
    for index, text in enumerate(texts):
        nodes.append((f"n{index}", parent, chatgpt_message("assistant" if index % 2 else "user", text)))
        parent = f"n{index}"
    return chatgpt(*nodes, **fields)


async def rows(database):
    async with database.read() as connection:
        return [await count(connection, table) for table in (conversations, messages)]


async def count(connection, table):
    return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_conversation_is_as_its_source_has_it(database, run):
    report = await run(talk("Name a river", "The Rhine.", is_starred=True))
    assert (report["conversations"], report["messages"], report["skipped"]) == (1, 2, [])
    (row,) = (await Conversations(database, Changes()).list_page()).data
    assert (row.title, row.title_source, row.pinned) == ("Rivers", "import", True)
    assert (row.created, row.updated) == (1_700_000_000_000, 1_700_000_100_000)
    page = await Messages(database, Changes()).page(row.id)
    assert [(message.role, message.parts[0]["text"]) for message in page.data] == [
        ("user", "Name a river"),
        ("assistant", "The Rhine."),
    ]
    hits = await Search(database).find("rhine")
    assert [hit.message for hit in hits.data] == [page.data[1].id]


async def test_the_same_file_twice_doubles_nothing(database, run):
    await run(talk("q", "a"))
    again = await run(talk("q", "a"))
    assert (again["conversations"], again["known"], again["messages"]) == (0, 1, 0)
    assert await rows(database) == [1, 2]


async def test_a_later_export_adds_what_is_new(database, run):
    await run(talk("q", "a"))
    later = await run(talk("q", "a", "q2", "a2", update_time=1_700_000_900))
    assert (later["extended"], later["messages"]) == (1, 2)
    assert await rows(database) == [1, 4]
    (row,) = (await Conversations(database, Changes()).list_page()).data
    assert row.updated == 1_700_000_900_000
    path = (await Messages(database, Changes()).page(row.id)).data
    assert [message.parts[0]["text"] for message in path] == ["q", "a", "q2", "a2"]


async def test_one_that_was_deleted_for_good_is_imported_anew(database, run):
    await run(talk("q", "a"))
    repository = Conversations(database, Changes())
    await repository.delete((await repository.list_page()).data[0].id)
    assert (await run(talk("q", "a")))["conversations"] == 1


async def test_broken_records_do_not_keep_others_out(database, run):
    report = await run(
        talk("q", "a"), {"title": "x", "mapping": {}, "create_time": 1}, 5, talk("r", "b", conversation_id="c2")
    )
    assert (report["conversations"], report["skipped_count"]) == (2, 1)
    assert await rows(database) == [2, 4]


async def test_times_of_the_future_are_now(database, run):
    now = milliseconds()
    await run(talk("q", create_time=9e9, update_time=9e9))
    (row,) = (await Conversations(database, Changes()).list_page()).data
    assert now <= row.created <= row.updated <= milliseconds()


async def test_nothing_is_there_by_halves(database, run, monkeypatch):
    async def fail(*_):
        raise StorageError("the disk is full", "free some space")

    monkeypatch.setattr(module, "index_texts", fail)
    with pytest.raises(StorageError):
        await run(talk("q", "a"))
    assert await rows(database) == [0, 0]


async def test_a_file_of_something_else(run):
    with pytest.raises(RequestError, match="no conversations"):
        await run(text='{"a": 1}')


async def test_files_come_along_where_the_archive_has_them(database, importer, kept, tmp_path):
    attachments = [{"id": "file-A", "name": "a.pdf"}, {"id": "file-B", "name": "b.pdf"}]
    record = chatgpt(("u", None, chatgpt_message("user", "See", metadata={"attachments": attachments})))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([record]))
        archive.writestr("file-A-a.pdf", b"content")
    await importer.run(tmp_path / "x.zip")
    assert kept == [("a.pdf", b"content")]
    (row,) = (await Conversations(database, Changes()).list_page()).data
    (message,) = (await Messages(database, Changes()).page(row.id)).data
    assert [part.get("name") or part["text"] for part in message.parts] == ["a.pdf", "[file: b.pdf]", "See"]


async def test_what_was_exported_comes_back_equal(database, run):
    parts = [{"type": "thinking", "text": "t", "ms": 3}, {"type": "answer", "text": "a"}]
    question = {
        "id": "q",
        "parent": None,
        "role": "user",
        "state": "done",
        "created": 1_700_000_000_001,
        "parts": [{"type": "text", "text": "q"}],
    }
    answers = [
        {
            "id": key,
            "parent": "q",
            "role": "assistant",
            "model": "m",
            "state": "failed",
            "error": {"message": "e", "remedy": "r"},
            "usage": {"prompt_tokens": 2},
            "created": 1_700_000_000_002,
            "parts": parts,
        }
        for key in ("a", "b")
    ]
    await run(ours(question, *answers, head="a"))
    (first,) = [record async for record in Exporter(database).records()]
    assert (await run(first))["known"] == 1, "it is the conversation that it was exported from"
    repository = Conversations(database, Changes())
    await repository.delete(first["id"])
    await run(first)
    (second,) = [record async for record in Exporter(database).records()]
    assert same(first) == same(second)
    assert second["messages"][1]["parts"] == parts


def same(record):
    """``record`` with the places of its messages in place of their ids."""
    places = {message["id"]: index for index, message in enumerate(record["messages"])}
    listed = [
        message | {"id": places[message["id"]], "parent": places.get(message["parent"])}
        for message in record["messages"]
    ]
    return record | {"id": "", "head": places[record["head"]], "messages": listed}


async def test_settings_of_strangers_are_checked(database, run):
    message = {"id": "q", "parent": None, "role": "user", "parts": [{"type": "text", "text": "q"}]}
    await run(ours(message, settings={"temperature": "hot"}), ours(message, id="f2", settings={"temperature": 0.5}))
    rows_ = (await Conversations(database, Changes()).list_page()).data
    assert sorted(json.dumps(row.settings) for row in rows_) == ['{"temperature": 0.5}', "{}"]
