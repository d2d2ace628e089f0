"""The interface of a tool, and what a call of it yields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fathom.base.errors import FathomError
from fathom.server.conversations.context import Citation

Policy = Literal["ask", "always", "never"]
"""Whether a call needs the reader's consent, runs at once, or is refused."""


class ToolError(FathomError):
    """A call that failed, in words for the model, which may try again or answer without it."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """Whose call it is (ids), the first number that is free for a citation, how to show a line of status, and how
    many characters of a result the model reads.
    """

    conversation: str
    message: str
    call: str
    first_citation: int
    report: Callable[[str], None]
    longest: int = 20_000


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """A file that a call made; its content is stored as an uploaded one's is."""

    id: str
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """``text`` is for the model, and shown to the reader; it refers to citations by their numbers."""

    text: str
    files: tuple[ProducedFile, ...] = ()
    citations: tuple[Citation, ...] = ()


class AssistantTool(Protocol):
    """A function that a model may call.

    ``parameters`` is a JSON schema of an object. ``repeatable``: a call may run again where it is unknown whether it
    has run, as after a crash. ``effects``: a call may change something or send something away, so that the reader is
    asked once pages of strangers came in. ``seconds`` is the most time that a call may take.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Any]: ...

    @property
    def repeatable(self) -> bool: ...

    @property
    def effects(self) -> bool: ...

    @property
    def seconds(self) -> float: ...

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        """Run it. Raises ToolError; cancelling the task must end what runs."""
        ...


class Toolbox(Protocol):
    """All tools of the assistant and what the reader permits."""

    async def tools(self) -> Sequence[AssistantTool]:
        """Those that can be called now, without the ones whose policy is ``never``."""
        ...

    async def policy(self, name: str) -> Policy: ...

    async def allow_always(self, name: str) -> None:
        """Keep the reader's consent for later calls."""
        ...
