"""Full-text search over titles, questions, answers and thinking.

Hits in titles come first, then those that fit best, the newer before the older. A word that thousands of texts have is
looked up among the newest of them only, in their order: that bounds the time, and is what one looks for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.base.errors import RequestError
from fathom.server.conversations.index import SearchKind, kind_term, quote
from fathom.server.conversations.snippets import Snippet, snippet_of
from fathom.server.conversations.terms import QueryTerm, query_terms
from fathom.server.store.database import Database
from fathom.server.store.schema import conversations, messages, parts, search_entries

MOST_HITS = 2000
"""Hits that are looked at, the newest."""
MOST_TITLES = 200

_NEWEST = {
    "sqlite": "SELECT rowid AS id FROM search_index WHERE search_index MATCH :query ORDER BY rowid DESC LIMIT :most",
    "postgresql": "SELECT id FROM search_index WHERE terms @@ CAST(CAST(:query AS TEXT) AS TSQUERY) "
    "ORDER BY id DESC LIMIT :most",
}
_BEST = {
    "sqlite": "SELECT rowid AS id, rank AS distance FROM search_index WHERE search_index MATCH :query",
    "postgresql": "SELECT id, -ts_rank_cd(terms, CAST(CAST(:query AS TEXT) AS TSQUERY), 1) AS distance "
    "FROM search_index WHERE terms @@ CAST(CAST(:query AS TEXT) AS TSQUERY)",
}


@dataclass(frozen=True, slots=True)
class SearchHit:
    """``message`` is None for a hit in a title; ``title`` is that of the conversation."""

    conversation: str
    title: str
    message: str | None
    kind: SearchKind
    snippet: Snippet
    created: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A part of the hits; ``next`` is the cursor of the part after it."""

    data: Sequence[SearchHit]
    next: str | None


class Search:
    """Searches what is neither temporary nor in the trash."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, query: str, *, limit: int = 20, after: str | None = None, kind: SearchKind | None = None
    ) -> SearchPage:
        """The hits of a text as a person types it: all of its words, each anywhere. Raises RequestError for a cursor
        that is not ours."""
        if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 6):
            raise RequestError(f"the cursor {after[:64]!r} is not one of ours", "begin without one", "after")
        asked = query_terms(query)
        if not asked:
            return SearchPage([], None)
        first = int(after or 0)
        async with self._database.read() as connection:
            ids = await _hits(connection, asked, kind)
            shown = await _visible(connection, ids, first + limit + 1)
            rows = await _texts(connection, shown[first : first + limit])
        data = [_hit(row, asked) for row in rows]
        return SearchPage(data, str(first + limit) if len(shown) > first + limit else None)


async def _hits(connection: AsyncConnection, asked: Sequence[QueryTerm], kind: SearchKind | None) -> list[int]:
    """Ids of entries, in the order in which they are shown."""
    if kind is not None:
        return await _rank(connection, expression(connection.dialect.name, asked, kind), MOST_HITS)
    titles = await _rank(connection, expression(connection.dialect.name, asked, "title"), MOST_TITLES)
    others = await _rank(connection, expression(connection.dialect.name, asked, None), MOST_HITS)
    return titles + others


async def _rank(connection: AsyncConnection, query: str, most: int) -> list[int]:
    """The newest ``most`` hits, newest first; if there are no more than that, the best first.

    How well a hit fits depends on all others: to compute that for a word of a hundred thousand texts takes too long.
    """
    dialect = connection.dialect.name
    newest = list((await connection.execute(text(_NEWEST[dialect]), {"query": query, "most": most + 1})).scalars())
    if len(newest) > most:
        return newest[:most]
    if len(newest) < 2:
        return newest
    distances = {row.id: row.distance for row in await connection.execute(text(_BEST[dialect]), {"query": query})}
    return sorted(newest, key=lambda identifier: (round(distances.get(identifier, 0.0), 2), -identifier))


def expression(dialect: str, asked: Sequence[QueryTerm], kind: SearchKind | None) -> str:
    """The query in the database's own language: of one kind, or of all but titles."""
    conditions = [_condition(dialect, one) for one in asked]
    if dialect == "sqlite":
        every = " AND ".join(conditions)
        return f'({every}) AND "{kind_term(kind)}"' if kind else f'({every}) NOT "{kind_term("title")}"'
    conditions.append(quote(kind_term(kind)) if kind else "!" + quote(kind_term("title")))
    return " & ".join(conditions)


def _condition(dialect: str, one: QueryTerm) -> str:
    if dialect == "sqlite":
        phrase = '"' + " ".join(one.terms) + '"'  # a term is a word: it holds neither quotes nor spaces
        return f"{phrase} *" if one.is_beginning else phrase
    quoted = [quote(term) for term in one.terms]
    return "(" + " <-> ".join(quoted) + (":*" if one.is_beginning else "") + ")"


async def _visible(connection: AsyncConnection, ids: Sequence[int], enough: int) -> list[int]:
    """Those of ``ids`` that are shown, in their order, until there are enough: one for each text, none of the trash."""
    visible: list[int] = []
    texts: set[tuple[str, str | None, str]] = set()
    c = search_entries.c
    start, end = 0, 2 * enough  # most of the best hits are shown; only if they are not, more are looked at
    while start < len(ids) and len(visible) < enough:
        query = select(c.id, c.conversation_id, c.message_id, c.kind).where(c.id.in_(ids[start:end]))
        rows: dict[int, Any] = {row.id: row for row in await connection.execute(query)}
        shown = await _shown_conversations(connection, {row.conversation_id for row in rows.values()})
        for identifier in ids[start:end]:
            row = rows.get(identifier)
            if row is None or row.conversation_id not in shown:
                continue
            if (key := (row.conversation_id, row.message_id, row.kind)) in texts:
                continue
            texts.add(key)
            visible.append(identifier)
        start, end = end, end + 500
    return visible


async def _shown_conversations(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Those that are neither temporary nor in the trash. By their keys alone: in a join, a database without statistics
    begins with all conversations that are shown, which took a second."""
    c = conversations.c
    rows = await connection.execute(select(c.id, c.deleted, c.temporary).where(c.id.in_(ids)))
    return {row.id for row in rows if row.deleted is None and not row.temporary}


async def _texts(connection: AsyncConnection, ids: Sequence[int]) -> list[Row[Any]]:
    """The entries with the texts that they stand for, in the order of ``ids``."""
    e = search_entries.c
    query = (
        select(
            e.id,
            e.conversation_id,
            e.message_id,
            e.kind,
            conversations.c.title,
            func.coalesce(messages.c.created, conversations.c.created).label("created"),
            func.coalesce(func.substr(parts.c.text, e.start + 1, e.length), conversations.c.title).label("text"),
        )
        .select_from(
            search_entries.join(conversations, conversations.c.id == e.conversation_id)
            .outerjoin(messages, messages.c.id == e.message_id)
            .outerjoin(parts, (parts.c.message_id == e.message_id) & (parts.c.position == e.position))
        )
        .where(e.id.in_(ids))
    )
    rows: dict[int, Any] = {row.id: row for row in await connection.execute(query)}
    return [rows[identifier] for identifier in ids if identifier in rows]


def _hit(row: Row[Any], asked: Sequence[QueryTerm]) -> SearchHit:
    return SearchHit(
        conversation=row.conversation_id,
        title=row.title,
        message=row.message_id,
        kind=row.kind,
        snippet=snippet_of(row.text, asked),
        created=row.created,
    )
