"""What a run needs of the rest of the server, each by a small protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fathom.server.conversations.context import ContextProvider
from fathom.server.conversations.prompt import StoredTurn, history
from fathom.server.models.source import ChatSource
from fathom.server.runs.log import EventLog
from fathom.server.runs.records import RunRequest
from fathom.server.runs.writer import DELAY
from fathom.server.store.ids import milliseconds
from fathom.server.tools.tool import Toolbox
from fathom.types import Message, Picture

CheckCitations = Callable[[str, Sequence[Mapping[str, Any]]], Awaitable[Sequence[Mapping[str, Any]]]]
"""The citation parts of an answer, each with its quote and whether its source supports it."""

LoadPictures = Callable[[Sequence[str]], Awaitable[Mapping[str, Picture]]]
"""Pictures by the ids of their files, without those that are gone."""


@dataclass(frozen=True, slots=True)
class RunServices:
    """``source`` finds a model by its name (None: the one the server was started with); ``turns`` reads messages by id,
    in order; ``project`` says in which one (or None) a conversation is. ``now`` is in milliseconds; ``delay`` are the
    seconds that text may wait for more.
    """

    log: EventLog
    source: Callable[[str | None], Awaitable[ChatSource]]
    turns: Callable[[Sequence[str]], Awaitable[Sequence[StoredTurn]]]
    project: Callable[[str], Awaitable[str | None]]
    toolbox: Toolbox | None = None
    providers: tuple[ContextProvider, ...] = ()
    check_citations: CheckCitations | None = None
    pictures: LoadPictures | None = None
    now: Callable[[], int] = field(default=milliseconds)
    delay: float = DELAY

    async def prompt(self, request: RunRequest) -> list[Message]:
        """The messages that a run answers."""
        turns = await self.turns(request.path)
        pictures = await self.pictures(request.pictures) if self.pictures is not None and request.pictures else {}
        return history(turns, system=request.system, passages=request.passages, pictures=pictures)
