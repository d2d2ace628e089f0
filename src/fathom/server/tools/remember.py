"""The tool by which a model proposes a memory. Its policy is to ask, so nothing is kept without the user's consent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from fathom.server.conversations.memories import Memories
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.errors import ConflictError
from fathom.server.store.database import Database
from fathom.server.store.schema import conversations
from fathom.server.tools.tool import CallContext, ToolError, ToolResult

LONGEST = 500
"""Characters of a memory that a model may propose."""


class RememberTool:
    """An `AssistantTool`."""

    name = "remember"
    title = "Remember"
    description = (
        "Keep one short fact about the user for later conversations: a lasting preference, a fact about their life or "
        "work. Use it only when the user asks for it, or tells something that will clearly matter again."
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "text": {
                "type": "string",
                "maxLength": LONGEST,
                "description": "One sentence about the user, such as: The user is vegetarian.",
            }
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    repeatable = True  # the same words are kept once
    effects = True
    seconds = 10.0

    def __init__(self, database: Database, memories: Memories, preferences: PreferenceStore) -> None:
        self._database = database
        self._memories = memories
        self._preferences = preferences

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        """Keep ``text``. Raises ToolError for one that is empty or too long, and where nothing is to be remembered."""
        text = arguments.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise ToolError(f"text is one sentence of at most {LONGEST} characters", "send it again, shorter")
        if not (await self._preferences.get()).memory:
            raise ToolError("the user has switched memory off", "go on without remembering")
        async with self._database.read() as connection:
            query = select(conversations.c.temporary).where(conversations.c.id == context.conversation)
            if (await connection.execute(query)).scalar():
                raise ToolError("a temporary chat leaves nothing behind", "go on without remembering")
        try:
            await self._memories.add(text)
        except ConflictError as error:
            raise ToolError(error.message, error.remedy) from error
        return ToolResult("Remembered.")
