"""Any interleaving of questions, answers, edits, deletions and restores leaves trees that can be walked.

What is expected is kept beside the database in plain dictionaries. Two repositories write at once, as two processes do.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from stores import sqlite_database

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages, insert_message
from fathom.server.conversations.repository import Conversations

WORDS = st.sampled_from(["tide", "深度求索", "größe", "a\0b", "😀 picture", "𝔘nicode"])
WRITER = st.integers(0, 1)


class Trees(RuleBasedStateMachine):
    conversations = Bundle("conversations")
    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.databases = [sqlite_database(Path(self.folder.name)) for _ in range(2)]
        self.rows = [Conversations(database, Changes()) for database in self.databases]
        self.texts = [Messages(database, Changes()) for database in self.databases]
        self.parents: dict[str, dict[str, str | None]] = {}  # of each message, by conversation
        self.contents: dict[str, tuple[str, str]] = {}  # role and text
        self.heads: dict[str, str | None] = {}
        self.trash: set[str] = set()

    def teardown(self) -> None:
        for database in self.databases:
            self.loop.run_until_complete(database.close())
        self.loop.close()
        self.folder.cleanup()

    def run(self, work):
        return self.loop.run_until_complete(work)

    @rule(target=conversations, writer=WRITER)
    def create(self, writer: int) -> str:
        identifier = self.run(self.rows[writer].create()).id
        self.parents[identifier], self.heads[identifier] = {}, None
        return identifier

    @rule(target=messages, writer=WRITER, conversation=conversations, text=WORDS)
    def begin(self, writer: int, conversation: str, text: str) -> tuple[str, str | None]:
        return self.ask(writer, conversation, None, text)

    @rule(target=messages, writer=WRITER, above=messages, text=WORDS)
    def go_on(self, writer: int, above: tuple[str, str | None], text: str) -> tuple[str, str | None]:
        conversation, parent = above
        return self.ask(writer, conversation, parent, text) if parent else above

    @rule(target=messages, writer=WRITER, question=messages, text=WORDS)
    def answer(self, writer: int, question: tuple[str, str | None], text: str) -> tuple[str, str | None]:
        conversation, parent = question
        if parent is None or conversation not in self.parents:
            return question

        async def insert() -> str:
            async with self.databases[writer].write() as connection:
                content = [{"type": "answer", "text": text}]
                return (await insert_message(connection, conversation, parent, "assistant", content)).id

        return self.keep(conversation, parent, self.run(insert()), "assistant", text)

    def ask(self, writer: int, conversation: str, parent: str | None, text: str) -> tuple[str, str | None]:
        if conversation not in self.parents or conversation in self.trash:
            return conversation, None
        asked = self.run(self.texts[writer].ask(conversation, parent=parent, text=text))
        return self.keep(conversation, parent, asked.id, "user", text)

    def keep(self, conversation: str, parent: str | None, identifier: str, role: str, text: str) -> tuple[str, str]:
        self.parents[conversation][identifier] = parent
        self.contents[identifier] = role, text.replace("\0", "�")
        self.heads[conversation] = identifier
        return conversation, identifier

    @rule(writer=WRITER, message=messages)
    def choose(self, writer: int, message: tuple[str, str | None]) -> None:
        conversation, identifier = message
        if identifier and conversation in self.parents:
            self.run(self.rows[writer].change(conversation, {"head": identifier}))
            self.heads[conversation] = identifier

    @rule(writer=WRITER, conversation=conversations)
    def throw_away(self, writer: int, conversation: str) -> None:
        if conversation in self.parents:
            self.run(self.rows[writer].trash(conversation))
            self.trash.add(conversation)

    @rule(writer=WRITER, conversation=conversations)
    def restore(self, writer: int, conversation: str) -> None:
        if conversation in self.parents:
            self.run(self.rows[writer].restore(conversation))
            self.trash.discard(conversation)

    @rule(writer=WRITER, conversation=consumes(conversations))
    def delete(self, writer: int, conversation: str) -> None:
        self.run(self.rows[writer].delete(conversation))
        del self.parents[conversation], self.heads[conversation]
        self.trash.discard(conversation)

    @rule(first=messages, second=messages, text=WORDS)
    def two_at_once(self, first: tuple[str, str | None], second: tuple[str, str | None], text: str) -> None:
        places = [
            place for place in (first, second) if place[1] and place[0] in self.parents and place[0] not in self.trash
        ]
        asked = self.run(self.both(places, text))
        for (conversation, parent), message in sorted(zip(places, asked, strict=True), key=lambda pair: pair[1].id):
            self.keep(conversation, parent, message.id, "user", text)
            self.heads[conversation] = self.run(self.rows[0].get(conversation)).head

    async def both(self, places, text):
        return await asyncio.gather(
            *(
                texts.ask(conversation, parent=parent, text=text)
                for texts, (conversation, parent) in zip(self.texts, places, strict=False)
            )
        )

    @invariant()
    def every_path_can_be_walked(self) -> None:
        for conversation, parents in self.parents.items():
            stored = self.run(self.texts[0].all(conversation))
            assert {message.id: message.parent for message in stored} == parents
            for message in stored:
                role, text = self.contents[message.id]
                assert (message.role, message.parts[0]["text"]) == (role, text)
                same = [other for other, parent in parents.items() if parent == message.parent]
                assert list(message.siblings) == sorted(same)
            path, key = [], self.heads[conversation]
            while key is not None:
                path.append(key)
                key = parents[key]
            window = self.run(self.texts[1].page(conversation, limit=200)).data
            assert [message.id for message in window] == path[::-1]

    @invariant()
    def lists_and_counts_agree(self) -> None:
        shown = {row.id for row in self.run(self.rows[1].list_page(limit=200)).data}
        assert shown == set(self.parents) - self.trash
        counts = self.run(self.rows[0].counts())
        assert (counts.conversations, counts.deleted) == (len(shown), len(self.trash))


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=3, stateful_step_count=15, deadline=None)


@pytest.mark.slow
def test_trees_at_length() -> None:
    run_state_machine_as_test(Trees, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))
