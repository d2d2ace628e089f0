"""What the routes of conversations need of the runs that answer questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fathom.server.conversations.records import StoredMessage


@dataclass(frozen=True, slots=True)
class StartedRun:
    """``answer`` is the message that the run writes, ``run`` the run as the API has it."""

    answer: StoredMessage
    run: Mapping[str, Any]


class Supervisor(Protocol):
    """Starts the runs that answer questions."""

    async def check(self, conversation: str, options: Mapping[str, Any]) -> None:
        """Raise a FathomError where no run with these options can start, before the question is stored."""
        ...

    async def start(self, conversation: str, question: str, options: Mapping[str, Any]) -> StartedRun:
        """Answer the message ``question``; ``options`` are the given fields of the API's RunOptions."""
        ...
