"""Ten thousand conversations that nobody had, written into a database as an import writes them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.harness import Json, progress
from fathom.server.conversations.index import SearchText, index_texts, message_texts
from fathom.server.conversations.records import Part
from fathom.server.conversations.tree import part_row
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, messages, parts

BATCH = 100
"""Conversations a transaction."""
WORDS = tuple(Path(__file__).with_name("README.md").read_text(encoding="utf-8").lower().split())
CHINESE = ("灯塔在海边。", "潮水每天涨落两次。", "请解释潮汐的原因。", "航海图显示水深。")


def fill(data: Path, count: int, *, turns: int, long: int) -> str:
    """Write ``count`` conversations of ``turns`` questions, then one of ``long``; that one's id."""
    return asyncio.run(_fill(Database(f"sqlite+aiosqlite:///{data / 'fathom.db'}", data), count, turns, long))


async def _fill(database: Database, count: int, turns: int, long: int) -> str:
    random_source = random.Random(0)
    for start in range(0, count, BATCH):
        progress(f"{start} of {count} conversations written")
        async with database.write() as connection:
            some = [_Rows(random_source, turns) for _ in range(start, min(start + BATCH, count))]
            await _insert(connection, some)
    rows = _Rows(random_source, long)
    async with database.write() as connection:
        await _insert(connection, [rows])
    await database.close()
    return rows.id


class _Rows:
    """The rows of one conversation without branches."""

    def __init__(self, random_source: random.Random, turns: int) -> None:
        self.id, moment = new_id(), milliseconds()
        times = {"created": moment, "updated": moment}
        self.title = _sentence(random_source, 5)
        self.messages: list[Json] = []
        self.contents: list[tuple[str, list[Part]]] = []
        for turn in range(2 * turns):
            parent = self.messages[-1]["id"] if self.messages else None
            role = "assistant" if turn % 2 else "user"
            row: Json = {
                "id": new_id(),
                "conversation_id": self.id,
                "parent_id": parent,
                "role": role,
                "state": "done",
                **times,
            }
            self.messages.append(row)
            self.contents.append((row["id"], _content(random_source, role)))
        self.conversation = {
            "id": self.id,
            "title": self.title,
            "title_source": "model",
            "pinned": False,
            "temporary": False,
            "settings": {},
            "head_id": self.messages[-1]["id"],
            **times,
        }


def _content(random_source: random.Random, role: str) -> list[Part]:
    if role == "user":
        return [{"type": "text", "text": _sentence(random_source, 12)}]
    return [
        {"type": "thinking", "text": _sentence(random_source, 60), "ms": 1000},
        {"type": "answer", "text": _sentence(random_source, 80)},
    ]


async def _insert(connection: AsyncConnection, several: Sequence[_Rows]) -> None:
    """The rows as an import would write them, in few statements."""
    await connection.execute(insert(conversations), [rows.conversation for rows in several])
    await connection.execute(insert(messages), [row for rows in several for row in rows.messages])
    contents = [(rows, message, content) for rows in several for message, content in rows.contents]
    await connection.execute(
        insert(parts),
        [
            part_row(message, position, part)
            for _, message, content in contents
            for position, part in enumerate(content)
        ],
    )
    titles = [SearchText(rows.id, None, "title", 0, rows.title) for rows in several]
    texts = [text for rows, message, content in contents for text in message_texts(rows.id, message, content)]
    await index_texts(connection, [*titles, *texts])


def _sentence(random_source: random.Random, words: int) -> str:
    chosen = random_source.choices(WORDS, k=words)
    if random_source.random() < 0.2:
        chosen.append(random_source.choice(CHINESE))
    return " ".join(chosen)
