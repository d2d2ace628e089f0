"""Files of stored conversations."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.export.exporter import Exporter
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.projects import Projects
from fathom.server.conversations.repository import Conversations
from fathom.server.errors import NotFoundError


async def made(database, **fields):
    row = await Conversations(database, Changes()).create(title="Why?", **fields)
    await Messages(database, Changes()).ask(row.id, parent=None, text="Why **not**?")
    return row.id


async def test_each_format(database):
    project = await Projects(database).create("P", "Be brief")
    conversation = await made(database, project=project.id)
    exporter = Exporter(database)
    name, body = await exporter.file(conversation, "json")
    assert name == "Why.json"
    record = json.loads(body)
    assert (record["title"], record["project"]) == ("Why?", {"name": "P", "instructions": "Be brief"})
    assert record["messages"][0]["parts"] == [{"type": "text", "text": "Why **not**?"}]
    assert (await exporter.file(conversation, "markdown"))[1].startswith(b"# Why?\n")
    assert b"<h1" in (await exporter.file(conversation, "html"))[1]
    assert "sha256-" in exporter.page_policy
    with pytest.raises(NotFoundError):
        await exporter.file("x", "json")


async def test_an_archive_of_all_but_temporary_and_deleted_ones(database, tmp_path):
    kept = await made(database)
    await made(database, temporary=True)
    await Conversations(database, Changes()).trash(await made(database))

    async def find(file):
        return None

    data = b"".join([chunk async for chunk in Exporter(database).archive(find)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        lines = archive.read("conversations.jsonl").decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [kept]
