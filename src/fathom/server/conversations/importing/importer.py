"""Imports into the database: one conversation is one transaction, so that nothing is ever there by halves.

Where a conversation came from is kept in the table ``imports``. One that is known gets only the messages that are new
(`importing.matching`), so that a file imported twice doubles nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.base.errors import FathomError, StorageError
from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.importing.archive import ExportFile, open_export
from fathom.server.conversations.importing.imported import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    ImportedPart,
)
from fathom.server.conversations.importing.matching import file_note, match
from fathom.server.conversations.importing.records import SkippedRecord, read_records
from fathom.server.conversations.importing.report import ImportReport
from fathom.server.conversations.index import SearchText, index_texts, message_texts
from fathom.server.conversations.preference_fields import RunPreferences
from fathom.server.conversations.records import Part, StoredConversation
from fathom.server.conversations.repository import insert_conversation, read_conversation
from fathom.server.conversations.titles import question_title
from fathom.server.conversations.tree import WITH_TEXT, part_row, read_all
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, files, imports, messages, parts
from fathom.server.store.text import storable

KeepFile = Callable[[str, bytes], Awaitable[Part]]
"""Stores a file by its name and returns the part of a message that attaches it."""

FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "cancelled"})
LONGEST_TITLE = 200


class Importer:
    """Imports into one database, one file at a time."""

    def __init__(self, database: Database, changes: Changes, keep_file: KeepFile) -> None:
        self._database = database
        self._changes = changes
        self._keep_file = keep_file
        self._lock = asyncio.Lock()

    def new_report(self) -> ImportReport:
        """An empty one, to watch while `run` fills it."""
        return ImportReport()

    async def run(self, path: Path, report: ImportReport | None = None) -> ImportReport:
        """Import the file at ``path``; ``report`` grows as it goes.

        Raises RequestError for a file that holds nothing to import, StorageError where the database or the disk fails:
        what was reported until then is stored.
        """
        report = report or ImportReport()
        async with self._lock:
            with ExitStack() as stack:
                # in a thread: the directory of an archive may be long
                export = await asyncio.to_thread(stack.enter_context, open_export(path))
                records = read_records(export)
                while (record := await asyncio.to_thread(next, records, None)) is not None:
                    if isinstance(record, SkippedRecord):
                        report.skip(record.title, record.reason)
                    else:
                        await self._add(record, export, report)
        return report

    async def _add(self, record: ImportedConversation, export: ExportFile, report: ImportReport) -> None:
        try:
            known, ids = await self._find_known(record)
            new = [message for message in record.messages if message.key not in ids]
            contents = {message.key: await self._content(message, export) for message in new}
            async with self._database.write() as connection:
                row = await _write(connection, record, known, ids, new, contents)
        except StorageError:
            raise
        except FathomError as error:
            report.skip(record.title, str(error))
            return
        if known is None:
            report.conversations += 1
        elif new:
            report.extended += 1
        else:
            report.known += 1
        report.messages += len(new)
        if new:
            self._changes.publish(ConversationChange(row.id, row))

    async def _find_known(self, record: ImportedConversation) -> tuple[str | None, dict[str, str]]:
        """The conversation that ``record`` is here, and which of its messages are which."""
        async with self._database.read() as connection:
            known = (await connection.execute(_origin_query(record))).scalar()
            if known is None and record.source == "fathom":  # it may have been exported from here
                query = select(conversations.c.id).where(conversations.c.id == record.key)
                known = (await connection.execute(query)).scalar()
            return known, match(record.messages, await read_all(connection, known)) if known else {}

    async def _content(self, message: ImportedMessage, export: ExportFile) -> list[Part]:
        return [await self._part(part, export) for part in message.parts]

    async def _part(self, part: ImportedPart, export: ExportFile) -> Part:
        if part.type == "file":
            return await self._file_part(part, export)
        if part.type == "tool_call":
            return {"type": part.type, **part.data, "result": await self._result(part, export)}
        return {"type": part.type, **({"text": part.text} if part.type in WITH_TEXT else {}), **part.data}

    async def _file_part(self, part: ImportedPart, export: ExportFile) -> Part:
        """The file where it can be had, else a note of its name."""
        (file,) = part.files
        kept = await self._file(file, export)
        if kept is not None:
            return kept
        if file.id is not None and await self._exists(file.id):
            return {"type": "file", "file": file.id, "name": file.name, "media_type": file.media_type, **part.data}
        return {"type": "text", "text": file_note(file.name)}

    async def _result(self, part: ImportedPart, export: ExportFile) -> Mapping[str, Any] | None:
        """The result of a call, with those of its files that can be had."""
        result = part.data.get("result")
        if result is None:
            return None
        kept: list[dict[str, Any]] = []
        for file in part.files:
            stored = await self._file(file, export)
            if stored is not None:
                kept.append({"id": stored["file"], "name": stored["name"], "media_type": stored["media_type"]})
        kept += [file for file in result.get("files", ()) if await self._exists(file["id"])]
        return {**result, "files": kept}

    async def _file(self, file: ImportedFile, export: ExportFile) -> Part | None:
        data = file.data
        if data is None:
            data = await asyncio.to_thread(export.attachment, file.entry or file.id or "")
        return await self._keep_file(file.name, data) if data else None

    async def _exists(self, file: str) -> bool:
        async with self._database.read() as connection:
            return (await connection.execute(select(files.c.id).where(files.c.id == file))).first() is not None


def _origin_query(record: ImportedConversation) -> Any:
    return select(imports.c.conversation_id).where(
        imports.c.source == record.source, imports.c.source_key == _source_key(record)
    )


def _source_key(record: ImportedConversation) -> str:
    """The name of a conversation in its source, hashed; where it has none, the hash of its first question."""
    first = record.messages[0]
    name = record.key or "\0".join((record.title, str(first.created), *(part.text for part in first.parts)))
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


async def _write(
    connection: AsyncConnection,
    record: ImportedConversation,
    known: str | None,
    ids: dict[str, str],
    new: Sequence[ImportedMessage],
    contents: Mapping[str, Sequence[Part]],
) -> StoredConversation:
    """Write the messages of ``record`` that are ``new``, and its conversation where it is not ``known``."""
    now = milliseconds()
    created = min(record.created or _first_time(record) or now, now)
    updated = max(created, min(record.updated or created, now))
    if known is None:
        title, source = _title(record)
        row = await insert_conversation(
            connection,
            title=title,
            title_source=source,
            settings=_settings(record.settings),
            pinned=record.pinned,
            created=created,
            updated=updated,
        )
        conversation = row.id
        origin = {"source": record.source, "source_key": _source_key(record), "conversation_id": conversation}
        await connection.execute(insert(imports), origin)
    else:
        conversation = known
        updated = max(updated, (await read_conversation(connection, known)).updated)
    if new:
        await _write_messages(connection, conversation, ids, new, contents, (created, now))
        values = {"head_id": _head(record, ids), "updated": updated}
        await connection.execute(update(conversations).where(conversations.c.id == conversation).values(values))
    return await read_conversation(connection, conversation)


async def _write_messages(
    connection: AsyncConnection,
    conversation: str,
    ids: dict[str, str],
    new: Sequence[ImportedMessage],
    contents: Mapping[str, Sequence[Part]],
    times: tuple[int, int],
) -> None:
    """Add the rows of ``new``, and their ids to ``ids``. Their times are within ``times``."""
    rows, pieces = [], []
    texts: list[SearchText] = []
    for message in new:
        identifier = ids[message.key] = new_id()
        moment = min(message.created or times[0], times[1])
        finish = message.finish_reason if message.finish_reason in FINISH_REASONS else None
        rows.append(
            {
                "id": identifier,
                "conversation_id": conversation,
                "parent_id": ids[message.parent] if message.parent is not None else None,
                "role": message.role,
                "model": message.model,
                "state": message.state,
                "finish_reason": finish,
                "error": message.error,
                "usage": message.usage,
                "run_id": None,
                "created": moment,
                "updated": moment,
            }
        )
        content = contents[message.key]
        pieces += [part_row(identifier, position, part) for position, part in enumerate(content)]
        texts += message_texts(conversation, identifier, content)
    await connection.execute(insert(messages), rows)
    if pieces:
        await connection.execute(insert(parts), [row | {"text": storable(row["text"])} for row in pieces])
    await index_texts(connection, texts)


def _head(record: ImportedConversation, ids: Mapping[str, str]) -> str:
    """The message shown last: as the source has it, else the newest branch to its end."""
    if record.head is not None and record.head in ids:
        return ids[record.head]
    newest = {message.parent: message.key for message in record.messages}
    key = newest[None]
    while key in newest:
        key = newest[key]
    return ids[key]


def _title(record: ImportedConversation) -> tuple[str, Any]:
    title = " ".join(record.title.split())[:LONGEST_TITLE]
    if title:
        return title, record.title_source
    words = next((part.text for message in record.messages for part in message.parts if part.type == "text"), "")
    return question_title(words), "question"


def _first_time(record: ImportedConversation) -> int | None:
    return min((message.created for message in record.messages if message.created), default=None)


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a conversation, where they are valid here."""
    try:
        return RunPreferences.model_validate(dict(settings)).model_dump(exclude_none=True)
    except ValidationError:
        return {}
