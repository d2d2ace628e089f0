"""Reading the tree of a conversation: one path of it in windows, the siblings on that path, all of its nodes.

A path is read upwards from a message by a recursive query that ends at the size of the window, so that opening a long
conversation costs what its end costs. Siblings have the same parent, and are in the order in which they were made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, Row, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.records import Part, StoredMessage, TreeNode
from fathom.server.store.schema import files, messages, parts

PREVIEW = 120
"""Characters of a node's preview."""


async def read_path(
    connection: AsyncConnection, conversation: str, last: str | None, limit: int
) -> tuple[list[StoredMessage], bool]:
    """At most ``limit`` messages up to and with ``last``, oldest first, and whether there are any before them."""
    if last is None:
        return [], False
    path = _path(conversation, last, limit)
    query = select(messages).join(path, messages.c.id == path.c.id).order_by(path.c.depth)
    rows = (await connection.execute(query)).all()
    return await complete(connection, rows[:limit][::-1]), len(rows) > limit


async def read_path_ids(connection: AsyncConnection, conversation: str, last: str | None, limit: int) -> list[str]:
    """The ids of the same messages, without reading what they say."""
    if last is None:
        return []
    path = _path(conversation, last, limit)
    ids = (await connection.execute(select(path.c.id).order_by(path.c.depth))).scalars().all()
    return list(ids[:limit][::-1])


def _path(conversation: str, last: str, limit: int) -> CTE:
    """Ids and depths from ``last`` upwards, one more than ``limit``."""
    path = (
        select(messages.c.id, messages.c.parent_id, literal(0).label("depth"))
        .where(messages.c.id == last, messages.c.conversation_id == conversation)
        .cte("path", recursive=True)
    )
    return path.union_all(
        select(messages.c.id, messages.c.parent_id, path.c.depth + 1)
        .join(path, messages.c.id == path.c.parent_id)
        .where(path.c.depth < limit)
    )


async def read_messages(connection: AsyncConnection, ids: Collection[str]) -> list[StoredMessage]:
    """The messages with these ids that exist, oldest first."""
    rows = (await connection.execute(select(messages).where(messages.c.id.in_(ids)).order_by(messages.c.id))).all()
    return await complete(connection, rows)


async def read_all(connection: AsyncConnection, conversation: str) -> list[StoredMessage]:
    """Every message of every branch, oldest first: a parent is before its children."""
    query = select(messages).where(messages.c.conversation_id == conversation).order_by(messages.c.id)
    return await complete(connection, (await connection.execute(query)).all())


async def complete(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[StoredMessage]:
    """Rows of `messages` with their parts and siblings."""
    if not rows:
        return []
    contents = await read_parts(connection, [row.id for row in rows])
    siblings = await _read_siblings(connection, rows)
    return [
        message_of(row, contents.get(row.id, ()), siblings.get((row.conversation_id, row.parent_id), (row.id,)))
        for row in rows
    ]


def message_of(row: Row[Any], content: Sequence[Part] = (), siblings: Sequence[str] = ()) -> StoredMessage:
    return StoredMessage(
        id=row.id,
        conversation=row.conversation_id,
        parent=row.parent_id,
        role=row.role,
        model=row.model,
        state=row.state,
        finish_reason=row.finish_reason,
        error=row.error,
        usage=row.usage,
        run=row.run_id,
        created=row.created,
        updated=row.updated,
        parts=tuple(content),
        siblings=tuple(siblings),
    )


async def read_parts(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Part]]:
    """The parts of each message in their order; those of files with the file's present state."""
    contents: dict[str, list[Part]] = defaultdict(list)
    named: set[str] = set()
    for chunk in _chunks(ids):
        query = select(parts).where(parts.c.message_id.in_(chunk)).order_by(parts.c.message_id, parts.c.position)
        for row in await connection.execute(query):
            contents[row.message_id].append(part_of(row.type, row.text, row.data))
            if row.type == "file":
                named.add(row.data["file"])
    if named:
        present = await _read_files(connection, named)
        for content in contents.values():
            content[:] = [dict(part) | present.get(part.get("file", ""), {}) for part in content]
    return contents


def part_of(kind: str, text: str, data: Mapping[str, Any]) -> Part:
    """The part that a row holds: text in its own column, everything else in ``data``."""
    return {"type": kind, **({"text": text} if kind in WITH_TEXT else {}), **data}


WITH_TEXT = frozenset({"text", "thinking", "answer"})
"""Kinds of parts that have a text."""


def part_row(message: str, position: int, part: Part) -> dict[str, Any]:
    """The row of a part: the reverse of `part_of`."""
    data = {name: value for name, value in part.items() if name not in ("type", "text")}
    return {
        "message_id": message,
        "position": position,
        "type": part["type"],
        "text": part.get("text", ""),
        "data": data,
    }


async def _read_files(connection: AsyncConnection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    query = select(files.c.id, files.c.state, files.c.tokens).where(files.c.id.in_(ids))
    return {row.id: {"state": row.state, "tokens": row.tokens} for row in await connection.execute(query)}


async def _read_siblings(
    connection: AsyncConnection, rows: Sequence[Row[Any]]
) -> dict[tuple[str, str | None], list[str]]:
    """Ids by conversation and parent."""
    siblings: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    parents = sorted({row.parent_id for row in rows if row.parent_id is not None})
    roots = sorted({row.conversation_id for row in rows if row.parent_id is None})
    conditions: list[ColumnElement[bool]] = [messages.c.parent_id.in_(chunk) for chunk in _chunks(parents)]
    conditions += [messages.c.conversation_id.in_(roots) & messages.c.parent_id.is_(None)] if roots else []
    for condition in conditions:
        query = select(messages.c.id, messages.c.conversation_id, messages.c.parent_id).where(condition)
        for row in await connection.execute(query.order_by(messages.c.id)):
            siblings[row.conversation_id, row.parent_id].append(row.id)
    return siblings


async def read_tree(connection: AsyncConnection, conversation: str) -> list[TreeNode]:
    """All messages of a conversation, oldest first, each with the beginning of its text."""
    first = (
        select(parts.c.message_id, func.min(parts.c.position).label("position"))
        .join(messages, messages.c.id == parts.c.message_id)
        .where(messages.c.conversation_id == conversation, parts.c.type.in_(("text", "answer")))
        .group_by(parts.c.message_id)
        .subquery()
    )
    query = (
        select(
            messages.c.id,
            messages.c.parent_id,
            messages.c.role,
            messages.c.created,
            func.coalesce(func.substr(parts.c.text, 1, PREVIEW), "").label("preview"),
        )
        .select_from(
            messages.outerjoin(first, first.c.message_id == messages.c.id).outerjoin(
                parts, (parts.c.message_id == first.c.message_id) & (parts.c.position == first.c.position)
            )
        )
        .where(messages.c.conversation_id == conversation)
        .order_by(messages.c.id)
    )
    rows = await connection.execute(query)
    return [TreeNode(row.id, row.parent_id, row.role, row.created, " ".join(row.preview.split())) for row in rows]


def _chunks(ids: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    """Few enough for one statement: PostgreSQL and older SQLite limit the number of its variables."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]
