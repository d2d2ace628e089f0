"""What an answer should know of the user: custom instructions, those of the project, and memories.

It joins the system message, within a share of the context: a small model must keep room for the conversation.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.projects import Projects
from fathom.server.errors import NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.schema import conversations

MEMORY_SHARE = 0.125
MEMORY_TOKENS = 1_500
INSTRUCTIONS_SHARE = 0.25
"""Of the tokens that a turn's context may take."""

BYTES_PER_TOKEN = 3
"""An estimate that errs to the safe side for English, and is about right for Chinese."""


class PersonalContext:
    """A `ContextProvider`."""

    def __init__(
        self, database: Database, preferences: PreferenceStore, projects: Projects, memories: Memories
    ) -> None:
        self._database = database
        self._preferences = preferences
        self._projects = projects
        self._memories = memories

    async def provide(self, turn: Turn) -> TurnContext:
        """The system text. A temporary conversation sees no memories."""
        preferences = await self._preferences.get()
        limit = int(turn.tokens * INSTRUCTIONS_SHARE)
        blocks = [self._within(preferences.custom_instructions, "The user's instructions:", limit, turn)]
        if turn.project is not None:
            blocks.append(await self._project(turn.project, limit, turn))
        if preferences.memory and not await self._is_temporary(turn.conversation):
            texts = [memory.text for memory in await self._memories.list()]
            blocks.append(memory_text(texts, min(MEMORY_TOKENS, int(turn.tokens * MEMORY_SHARE))))
        return TurnContext(system="\n\n".join(filter(None, blocks)))

    async def _project(self, project: str, limit: int, turn: Turn) -> str:
        try:
            described = await self._projects.get(project)
        except NotFoundError:  # deleted since the turn began
            return ""
        return self._within(described.instructions, f"Instructions of the project “{described.name}”:", limit, turn)

    def _within(self, text: str, heading: str, limit: int, turn: Turn) -> str:
        """``text`` under its heading, cut to ``limit`` tokens."""
        text = text.strip()
        if not text:
            return ""
        shortened = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore").rstrip()
        if len(shortened) < len(text):
            turn.report("the instructions are longer than this model has room for, and were shortened")
        return f"{heading}\n{shortened}"

    async def _is_temporary(self, conversation: str) -> bool:
        async with self._database.read() as connection:
            query = select(conversations.c.temporary).where(conversations.c.id == conversation)
            return bool((await connection.execute(query)).scalar())


def memory_text(texts: Iterable[str], limit: int) -> str:
    """As many of ``texts``, the newest of which come first, as fit into ``limit`` tokens; the oldest first."""
    chosen: list[str] = []
    for text in texts:
        limit -= len(text.encode()) // BYTES_PER_TOKEN + 3
        if limit < 0:
            break
        chosen.append(f"- {' '.join(text.split())}")
    return "What you remember of the user:\n" + "\n".join(reversed(chosen)) if chosen else ""
