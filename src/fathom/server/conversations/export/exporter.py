"""Stored conversations as files: one in any of the formats, or all of them in an archive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import false, select

from fathom.server.conversations.export.html_page import policy, to_html
from fathom.server.conversations.export.json_file import conversation_json
from fathom.server.conversations.export.markdown import file_name, to_markdown
from fathom.server.conversations.export.page_cache import PageCache, page_key
from fathom.server.conversations.export.zip_stream import ZipStream
from fathom.server.conversations.repository import read_conversation
from fathom.server.conversations.tree import read_all
from fathom.server.errors import NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.references import file_ids
from fathom.server.store.schema import conversations, projects

ExportFormat = Literal["json", "markdown", "html"]
FindFile = Callable[[str], Awaitable[Path | None]]
"""Where the bytes of an attached file are; None where they are gone."""

EXTENSIONS: Mapping[ExportFormat, str] = {"json": "json", "markdown": "md", "html": "html"}


class Exporter:
    """Reads one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages = PageCache(lambda record, head, language: _render(record, "html", head, language))

    async def record(self, conversation: str) -> dict[str, Any]:
        """The whole conversation, in the form of `conversation_json`. Raises NotFoundError."""
        async with self._database.read() as connection:
            row = await read_conversation(connection, conversation)
            messages = await read_all(connection, conversation)
            query = select(projects).where(projects.c.id == row.project)
            project = (await connection.execute(query)).mappings().first() if row.project else None
        return conversation_json(
            row.json(), [message.json() for message in messages], dict(project) if project else None
        )

    async def file(
        self,
        conversation: str,
        format: ExportFormat,  # noqa: A002
        head: str | None = None,
        language: str | None = None,
    ) -> tuple[str, bytes]:
        """Name and content of a file. Raises NotFoundError."""
        record = await self.record(conversation)
        body = await asyncio.to_thread(_render, record, format, head, language)
        return file_name(record["title"], EXTENSIONS[format]), body

    async def page(
        self, conversation: str, head: str, language: str | None, known: Collection[str] = ()
    ) -> tuple[str, bytes | None]:
        """The HTML file up to ``head``, and a key that changes with it; None for one whose key is ``known``.

        Raises NotFoundError.
        """
        record = await self.record(conversation)
        key = await asyncio.to_thread(page_key, record, head, language)
        return key, None if key in known else await self._pages.get(key, record, head, language)

    @property
    def page_policy(self) -> str:
        """The content security policy under which an HTML file looks as it should."""
        return policy()

    async def archive(self, find_file: FindFile) -> AsyncIterator[bytes]:
        """A zip archive of all conversations, one JSON object a line, and of the files that they mention."""
        stream = ZipStream()
        attached: dict[str, None] = {}

        async def lines() -> AsyncIterator[bytes]:
            async for record in self.records():
                parts = (part for message in record["messages"] for part in message["parts"])
                attached.update(dict.fromkeys(chain.from_iterable(map(file_ids, parts))))
                yield await asyncio.to_thread(_json, record)

        async for chunk in stream.lines("conversations.jsonl", lines()):
            yield chunk
        for file in attached:
            path = await find_file(file)
            if path is not None:
                async for chunk in stream.file(f"files/{file}", path):
                    yield chunk
        yield stream.end()

    async def ids(self) -> list[str]:
        """All conversations but temporary ones and those in the trash, oldest first."""
        c = conversations.c
        query = select(c.id).where(c.temporary == false(), c.deleted.is_(None)).order_by(c.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def records(self) -> AsyncIterator[dict[str, Any]]:
        """Each of them. One that is deleted meanwhile is left out."""
        for conversation in await self.ids():
            try:
                yield await self.record(conversation)
            except NotFoundError:
                continue


def _json(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _render(record: Mapping[str, Any], format: ExportFormat, head: str | None, language: str | None) -> bytes:  # noqa: A002
    if format == "json":
        return _json(record)
    text = to_markdown(record, head, language) if format == "markdown" else to_html(record, head, language)
    return text.encode("utf-8", "replace")
