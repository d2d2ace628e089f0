"""What an answer is given beside the messages: passages of files, memories, pages that were found, and their citations.

A run asks every `ContextProvider` once, before its first token, and freezes what they return: a run that is resumed
after days reads the same prompt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fathom.types import Conversation, Message


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that an answer may refer to as ``[number]``.

    ``source`` is the id of a stored page or file, ``place`` where in it (``{"page": 3}``), ``quote`` what was quoted;
    ``supported``: whether the source contains the quote (None: nothing was checked); ``query``: what was searched for.
    """

    number: int
    kind: Literal["web", "file"]
    title: str
    source: str
    url: str | None = None
    place: Mapping[str, Any] | None = None
    quote: str | None = None
    supported: bool | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that is about to be answered.

    ``files`` are the ids of all files on its path, oldest first; ``search``: the reader asked for a web search.
    ``tokens`` is about how many the context may take, ``first_citation`` the first number that is free. ``report``
    shows a line of status ("reading three pages") while the reader waits. ``earlier`` are the messages before the
    question; ``write`` asks the model for a line of at most so many tokens, None where it gives none. ``sees``: the
    model can be sent pictures.
    """

    conversation: str
    project: str | None
    question: str
    files: tuple[str, ...]
    search: bool
    tokens: int
    first_citation: int
    report: Callable[[str], None]
    earlier: tuple[Message, ...] = ()
    write: Callable[[Conversation, int], Awaitable[str | None]] | None = None
    sees: bool = False


@dataclass(frozen=True, slots=True)
class TurnContext:
    """``system`` joins the system message; ``passages`` come before the question, numbered as ``citations`` are.
    ``pictures`` are the ids of files that are sent with the messages that attach them."""

    system: str = ""
    passages: str = ""
    citations: tuple[Citation, ...] = ()
    pictures: tuple[str, ...] = ()


class ContextProvider(Protocol):
    """A part of the assistant that knows something about a question."""

    async def provide(self, turn: Turn) -> TurnContext:
        """What to add. A FathomError is shown as a status, and the answer goes on without this context."""
        ...
