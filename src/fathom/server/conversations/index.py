"""What full-text search knows of conversations: entries of texts, and each database's own index of their terms.

A long text has several entries, as PostgreSQL counts positions up to 16 383 only, and so that showing a hit costs the
same for every text. The kind of an entry is a term of it too: hits of one kind are found without looking at the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.records import Part
from fathom.server.conversations.terms import index_terms
from fathom.server.store.schema import search_entries
from fathom.server.store.text import storable

SearchKind = Literal["title", "question", "answer", "thinking"]

KINDS: dict[str, SearchKind] = {"text": "question", "answer": "answer", "thinking": "thinking"}
"""Kinds of parts whose text is searched, and what it is there."""
LONGEST_ENTRY = 12_000
"""Characters of one entry."""

_PUT = {
    "sqlite": text("INSERT INTO search_index (rowid, terms) VALUES (:id, :terms)"),
    "postgresql": text("INSERT INTO search_index (id, terms) VALUES (:id, CAST(CAST(:terms AS TEXT) AS TSVECTOR))"),
}


@dataclass(frozen=True, slots=True)
class SearchText:
    """A text to be searched: the title of a conversation, or a part of a message."""

    conversation: str
    message: str | None
    kind: SearchKind
    position: int
    text: str


async def index_title(connection: AsyncConnection, conversation: str, title: str) -> None:
    """Replace what is known of a conversation's title, within a transaction."""
    await connection.execute(
        delete(search_entries).where(
            search_entries.c.conversation_id == conversation, search_entries.c.message_id.is_(None)
        )
    )
    await index_texts(connection, [SearchText(conversation, None, "title", 0, title)])


async def index_message(connection: AsyncConnection, conversation: str, message: str, content: Sequence[Part]) -> None:
    """Replace what is known of a message, within a transaction."""
    await connection.execute(delete(search_entries).where(search_entries.c.message_id == message))
    await index_texts(connection, message_texts(conversation, message, content))


def message_texts(conversation: str, message: str, content: Sequence[Part]) -> Iterator[SearchText]:
    """The texts of a message that are searched."""
    for position, part in enumerate(content):
        if kind := KINDS.get(part["type"]):
            yield SearchText(conversation, message, kind, position, part["text"])


async def index_texts(connection: AsyncConnection, texts: Iterable[SearchText]) -> None:
    """Add texts, within a transaction."""
    rows: list[dict[str, Any]] = []
    terms: list[str] = []
    for one in texts:
        stored = storable(one.text)
        for start, end in divide(stored):
            written = _index_value(connection.dialect.name, one.kind, stored[start:end])
            if written is None:
                continue
            terms.append(written)
            rows.append(
                {
                    "conversation_id": one.conversation,
                    "message_id": one.message,
                    "kind": one.kind,
                    "position": one.position,
                    "start": start,
                    "length": end - start,
                }
            )
    if not rows:
        return
    query = insert(search_entries).returning(search_entries.c.id, sort_by_parameter_order=True)
    ids = (await connection.execute(query, rows)).scalars().all()
    await connection.execute(
        _PUT[connection.dialect.name],
        [{"id": identifier, "terms": written} for identifier, written in zip(ids, terms, strict=True)],
    )


def divide(whole: str) -> Iterator[tuple[int, int]]:
    """Start and end of each entry of a text, divided at a space where there is one near."""
    start = 0
    while start < len(whole):
        end = min(start + LONGEST_ENTRY, len(whole))
        if end < len(whole):
            space = max(whole.rfind(mark, end - 500, end) for mark in (" ", "\n", "。", "，"))
            end = space + 1 if space > 0 else end
        yield start, end
        start = end


def kind_term(kind: SearchKind) -> str:
    """The term that all entries of a kind have; no text has it, since a point is no letter."""
    return f"·{kind}"


def _index_value(dialect: str, kind: SearchKind, whole: str) -> str | None:
    """The terms of an entry as its database takes them; None where there are none."""
    terms = index_terms(whole)
    if not terms:
        return None
    terms.append(kind_term(kind))
    return " ".join(terms) if dialect == "sqlite" else _vector(terms)


def _vector(terms: Sequence[str]) -> str:
    """A value of PostgreSQL's type tsvector: each term with its positions."""
    positions: dict[str, list[int]] = defaultdict(list)
    for position, term in enumerate(terms, 1):
        positions[term].append(position)
    return " ".join(f"{quote(term)}:{','.join(map(str, places[:255]))}" for term, places in positions.items())


def quote(term: str) -> str:
    """A term in PostgreSQL's tsvector and tsquery. Terms have no quotes; these would be doubled."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
