"""The tree of a conversation, and how its parts are stored."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from fathom.server.conversations.messages import insert_message
from fathom.server.conversations.tree import part_of, part_row, read_all, read_path, read_path_ids, read_tree


async def test_all_nodes_with_the_beginning_of_their_text(chats):
    identifier, (question,) = await chats.chat("the  question\nof " + "x" * 500)
    async with chats.database.write() as connection:
        content = [{"type": "thinking", "text": "hidden", "ms": 1}, {"type": "answer", "text": "the answer"}]
        answer = await insert_message(connection, identifier, question.id, "assistant", content)
        empty = await insert_message(connection, identifier, question.id, "assistant", [], state="waiting")
    async with chats.database.read() as connection:
        nodes = await read_tree(connection, identifier)
        everything = await read_all(connection, identifier)
    assert [(node.id, node.parent, node.role) for node in nodes] == [
        (question.id, None, "user"),
        (answer.id, question.id, "assistant"),
        (empty.id, question.id, "assistant"),
    ]
    assert [node.preview[:19] for node in nodes] == ["the question of xxx", "the answer", ""]
    assert len(nodes[0].preview) < 120
    assert [message.siblings for message in everything][1:] == [(answer.id, empty.id)] * 2
    assert [message.index for message in everything] == [0, 0, 1]


async def test_a_path_that_begins_nowhere(chats):
    identifier, _ = await chats.chat("a")
    async with chats.database.read() as connection:
        every = await read_all(connection, identifier)
        for limit in (1, 2, 10):
            window, _ = await read_path(connection, identifier, every[-1].id, limit)
            assert await read_path_ids(connection, identifier, every[-1].id, limit) == [one.id for one in window]
        assert await read_path_ids(connection, identifier, None, 10) == []
        assert await read_path(connection, identifier, None, 10) == ([], False)
        assert await read_path(connection, identifier, "nothing", 10) == ([], False)
        assert await read_path(connection, "another", (await read_all(connection, identifier))[0].id, 10) == ([], False)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "text", "text": ""},
        {"type": "thinking", "text": "hm", "ms": None, "edited": True},
        {"type": "tool_call", "id": "1", "name": "f", "arguments": "{}", "state": "done", "result": None, "ms": 3},
        {"type": "vote", "candidates": [], "tally": [], "chosen": None},
    ],
)
def test_a_part_is_stored_as_it_is(part):
    row = part_row("m", 3, part)
    assert (row["message_id"], row["position"]) == ("m", 3)
    assert part_of(row["type"], row["text"], row["data"]) == part


async def test_reading_a_path_looks_up_each_row_by_its_key(sqlite):
    query = (
        "WITH RECURSIVE path(id, parent_id, depth) AS (SELECT id, parent_id, 0 FROM messages WHERE id = 'a' "
        "UNION ALL SELECT messages.id, messages.parent_id, path.depth + 1 FROM messages JOIN path "
        "ON messages.id = path.parent_id WHERE path.depth < 50) "
        "SELECT * FROM messages JOIN path ON messages.id = path.id ORDER BY path.depth"
    )
    async with sqlite.read() as connection:
        plan = [row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert not [line for line in plan if line.startswith("SCAN messages")], plan
