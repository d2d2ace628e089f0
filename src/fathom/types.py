"""The nouns that every package shares: messages, conversations, tools, usage. Frozen, and free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]

FinishReason = Literal["stop", "length", "tool_calls", "cancelled"]
"""Why a completion ended: an end token or stop string, the token limit, tool calls to run, or the engine closed."""

Effort = Literal["low", "high", "max"]
"""How long a model may think, where its template knows the notion."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model asks to have called.

    ``arguments`` is the JSON text as the model wrote it: it is not parsed here, because a model may write bad JSON.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. ``reasoning`` is what an assistant thought before ``content``; None where it did not think."""

    role: Role
    content: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. ``parameters`` is a JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order, and the tools on offer.

    ``thinking`` asks the template for a thinking turn (None: the template's own default). ``prefill`` continues the
    last assistant message instead of opening a new one.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    thinking: bool | None = None
    effort: Effort | None = None
    prefill: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. ``cached_tokens`` is the part of the prompt that the prefix cache already held."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens
