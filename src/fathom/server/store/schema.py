"""All tables of the assistant, as SQLAlchemy Core describes them.

Times are integer milliseconds (UTC), ids are those of `fathom.server.store.ids`. A message is one row whose parent and
role never change; its text is in its parts. What a change here needs: a revision under ``migrations/versions`` and its
name in `fathom.server.store.revisions`. A test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str = "id", **options: Any) -> Column[str]:
    return Column(name, String(26), **{"primary_key": name == "id", "nullable": False} | options)


def _owner(name: str, target: str, **options: Any) -> Column[str]:
    """A row that goes with the row it belongs to."""
    return Column(
        name, String(26), ForeignKey(f"{target}.id", ondelete="CASCADE"), **{"nullable": False, "index": True} | options
    )


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, **{"nullable": False} | options)


def _word(name: str, **options: Any) -> Column[str]:
    """A short text out of a fixed set, such as a state."""
    return Column(name, String(16), **{"nullable": False} | options)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _count(name: str, **options: Any) -> Column[int]:
    return Column(name, Integer, **{"nullable": False} | options)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _json(name: str, *, nullable: bool = False) -> Column[Any]:
    """Without ``nullable``, None is JSON's null."""
    return Column(name, JSON(none_as_null=nullable), nullable=nullable)


projects = Table("projects", metadata, _id(), _text("name"), _text("instructions"), _time("created"), _time("updated"))

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _text("title"),
    _word("title_source"),  # question, model, user, import
    Column("project_id", String(26), ForeignKey("projects.id", ondelete="SET NULL"), nullable=True),
    _flag("pinned"),
    _flag("temporary"),
    _json("settings"),
    _id("head_id", nullable=True),  # the message shown last; not a foreign key: it may go before the conversation does
    _time("created"),
    _time("updated"),
    _time("deleted", nullable=True),  # since when it is in the trash
    Column("request_key", String(128), nullable=True),  # by which a client names its request, to repeat it safely
    # in the order of the lists: equal conditions first, then the newest
    Index("ix_conversations_list", "temporary", "deleted", "updated", "id"),
    Index("ix_conversations_pinned", "temporary", "deleted", "pinned", "updated", "id"),
    Index("ix_conversations_project", "project_id", "temporary", "deleted", "updated", "id"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _owner("conversation_id", "conversations", index=False),
    Column("parent_id", String(26), ForeignKey("messages.id"), nullable=True, index=True),
    _word("role"),  # user, assistant
    _text("model", nullable=True),
    _word("state"),  # waiting, streaming, interrupted, done, stopped, failed
    _word("finish_reason", nullable=True),
    _json("error", nullable=True),  # {message, remedy}
    _json("usage", nullable=True),
    _id("run_id", nullable=True),
    _time("created"),
    _time("updated"),
    Column("request_key", String(128), nullable=True),  # by which a client names its request, to repeat it safely
    Index("ix_messages_siblings", "conversation_id", "parent_id", "id"),
)

parts = Table(
    "parts",
    metadata,
    _owner("message_id", "messages", primary_key=True, index=False),
    _count("position", primary_key=True, autoincrement=False),
    _word("type"),  # text, file; thinking, answer, tool_call, citation, vote
    _text("text"),
    _json("data"),
)

REFERRING = text("type IN ('file', 'tool_call', 'citation')")
"""The parts that may refer to a file or a page. A query in these very words finds them by their index."""
Index("ix_parts_referring", parts.c.type, sqlite_where=REFERRING, postgresql_where=REFERRING)

runs = Table(
    "runs",
    metadata,
    _id(),
    _owner("conversation_id", "conversations"),
    _owner("message_id", "messages"),
    _word("state", index=True),  # queued, running, consent, interrupted, done, stopped, failed
    _json("request"),  # everything that makes the text: model, sampling, seed, thinking, system text, tools, passages
    _json("control"),  # what a client asked of it: stop, answer_now
    _time("thinking_started", nullable=True),
    _time("thinking_ended", nullable=True),
    _time("started", nullable=True),
    _time("finished", nullable=True),
    _time("created"),
    _count("last_sequence"),
)

run_events = Table(
    "run_events",
    metadata,
    _owner("run_id", "runs", primary_key=True, index=False),
    _count("sequence", primary_key=True, autoincrement=False),
    _word("type"),
    _json("data"),
)

files = Table(
    "files",
    metadata,
    _id(),
    _text("name"),
    _text("media_type"),
    _time("bytes"),  # a size beyond 2 GB needs the same 64 bits
    Column("sha256", String(64), nullable=False, index=True),
    _word("state"),  # reading, ready, failed
    _json("error", nullable=True),
    _count("tokens", nullable=True),
    _json("data"),  # pages, sheets, warnings
    _time("created"),
)

passages = Table(
    "passages",
    metadata,
    _owner("file_id", "files", primary_key=True, index=False),
    _count("position", primary_key=True, autoincrement=False),
    _json("place"),  # {"page": 3}, {"sheet": "A", "cells": "B2:F9"}, {"slide": 4}, {"line": 10}
    _text("text"),
    _count("tokens"),
)

project_files = Table(
    "project_files",
    metadata,
    _owner("project_id", "projects", primary_key=True, index=False),
    _owner("file_id", "files", primary_key=True),
)

web_pages = Table(
    "web_pages",
    metadata,
    _id(),
    Column("url", Text, nullable=False, index=True),
    _text("final_url"),
    _text("title"),
    _text("text"),
    Column("places", JSON, nullable=False, default=list),  # of revision 0002: rows of older backups have none
    Column("sha256", String(64), nullable=False),
    _time("fetched"),
    Index("ix_web_pages_age", "fetched", "id"),
)

memories = Table("memories", metadata, _id(), _text("text"), _time("created"), _time("updated"))

prompts = Table(
    "prompts", metadata, _id(), _text("name", unique=True), _text("text"), _time("created"), _time("updated")
)

shares = Table(
    "shares",
    metadata,
    Column("token", String(64), primary_key=True),
    _owner("conversation_id", "conversations"),
    _id("head_id"),
    _time("created"),
)

# Where a conversation was imported from, so that a second import is recognised.
imports = Table(
    "imports",
    metadata,
    Column("source", String(16), primary_key=True),
    Column("source_key", String(64), primary_key=True),  # SHA-256 of its name there
    _owner("conversation_id", "conversations"),
)

preferences = Table("preferences", metadata, Column("name", String(64), primary_key=True), _json("value"))

tool_servers = Table(
    "tool_servers",
    metadata,
    _id(),
    _text("name", unique=True),
    _word("transport"),  # stdio, http
    _json("config"),
    _flag("enabled"),
    _time("created"),
)

tool_permissions = Table(
    "tool_permissions",
    metadata,
    Column("tool", Text, primary_key=True),
    _word("policy"),  # ask, always, never
)

upstreams = Table(
    "upstreams",
    metadata,
    _id(),
    _text("name", unique=True),
    _text("base_url"),
    _text("api_key", nullable=True),
    _json("models"),
    _time("created"),
)

# Full-text search. An entry is what one text of a conversation is known by in the index, which each database has in its
# own form: an FTS5 table whose rows go with their entry, and a column of type tsvector with a GIN index.
search_entries = Table(
    "search_entries",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _owner("conversation_id", "conversations"),
    _owner("message_id", "messages", nullable=True),
    _word("kind"),  # title, question, answer, thinking
    _count("position"),  # of the part, 0 for a title
    _count("start"),  # a long text has several entries: the first character of this one in the part's text
    _count("length"),
    sqlite_autoincrement=True,
)

SEARCH_INDEX = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_index USING fts5(terms, tokenize='ascii')",
        "CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries "
        "BEGIN DELETE FROM search_index WHERE rowid = old.id; END",
    ),
    "postgresql": (
        "CREATE TABLE search_index (id BIGINT PRIMARY KEY REFERENCES search_entries (id) ON DELETE CASCADE, "
        "terms TSVECTOR NOT NULL)",
        "CREATE INDEX ix_search_index_terms ON search_index USING gin (terms)",
    ),
}
"""The statements that make the index of `search_entries`, by dialect."""

for _dialect, _statements in SEARCH_INDEX.items():
    for _statement in _statements:
        event.listen(metadata, "after_create", DDL(_statement).execute_if(dialect=_dialect))
