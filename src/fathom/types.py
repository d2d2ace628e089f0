"""Types that all packages share: messages, conversations, tools, usage. Frozen dataclasses, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]

FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]
"""Why a completion ended: an end token or stop string, the token limit, tool calls to run, or the engine closed."""

Effort = Literal["low", "high", "max"]
"""How long a model may think, if its template supports it."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call of the model.

    ``arguments`` is the JSON text as the model wrote it, not parsed, because it may be invalid JSON.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The bytes of a PNG, JPEG, GIF or WebP file, and which of them it is (``image/png``)."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``reasoning`` is an assistant's thinking before ``content``; None without. ``pictures`` come with a
    user's ``content``, for models that see."""

    role: Role
    content: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. ``parameters`` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order, and the available tools.

    ``thinking`` requests a thinking turn from the template (None: the template's default). ``prefill`` continues the
    last assistant message instead of opening a new one. ``template_variables`` are further variables of the template.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    thinking: bool | None = None
    effort: Effort | None = None
    prefill: bool = False
    template_variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. ``cached_tokens`` is the part of the prompt that was in the prefix cache."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens
