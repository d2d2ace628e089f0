"""The chunks of an upstream's stream to our events.

Servers write thinking in three ways: ``reasoning_content`` (DeepSeek, vLLM, llama-server, Fathom), ``reasoning``
(OpenRouter, newer vLLM), or ``<think>`` in the content itself. Some send a tool call whole, some leave out its index or
its id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fathom.server.models.upstream.endpoint import UpstreamError
from fathom.text.dialects import Dialect
from fathom.text.events import (
    AnswerWasThinking,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
)
from fathom.text.parser import Opening, Parser, new_call_id
from fathom.text.tool_calls.hermes import HermesCalls
from fathom.types import FinishReason, Usage

_DIALECT = Dialect("upstream", evidence=(), turns=(), ends=(), calls=HermesCalls(), thinks=True)

_FINISH: Mapping[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "end_turn": "stop",
    "eos": "stop",
}
_FAILURES = {
    "content_filter": "its filter withheld the answer",
    "insufficient_system_resource": "it had no resources left",
    "error": "it reported an error",
    "abort": "it aborted the answer",
}


class ReplyParser:
    """Parses the chunks of one choice. ``usage`` is what the upstream counted, ``thought`` whether it thought."""

    def __init__(self, name: str) -> None:
        self.finish: FinishReason | None = None
        self.usage = Usage()
        self.thought = False
        self._name = name
        self._content = Parser(_DIALECT, Opening("answer", may_think=True, fresh=True))
        self._calls: list[tuple[str, Any]] = []
        self._ended = False

    def push(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The events of one chunk. Raises UpstreamError where it reports a failure."""
        if isinstance(chunk.get("usage"), dict):
            self.usage = read_usage(chunk["usage"])
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            return []
        delta = choice.get("delta") or choice.get("message")
        events = list(self._read(delta)) if isinstance(delta, dict) else []
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            if reason in _FAILURES:
                raise UpstreamError(f"{self._name} stopped: {_FAILURES[reason]}", "rephrase, or choose another model")
            self.finish = _FINISH.get(reason, "stop")
        self.thought = self.thought or any(isinstance(event, ThinkingText | AnswerWasThinking) for event in events)
        return events

    def end(self) -> list[Event]:
        """The events of what was held back until the stream ended."""
        events = [*self._content.finish(), *self._end_call(complete=self.finish != "length")]
        if self._calls and self.finish in (None, "stop"):
            self.finish = "tool_calls"
        self.thought = self.thought or any(isinstance(event, ThinkingText | AnswerWasThinking) for event in events)
        return events

    def _read(self, delta: Mapping[str, Any]) -> Iterator[Event]:
        for field in ("reasoning_content", "reasoning"):
            text = delta.get(field)
            if isinstance(text, str) and text:
                yield ThinkingText(text)
                break  # some send both, with the same text
        content = delta.get("content")
        if isinstance(content, list):  # parts, as in requests
            content = "".join(part.get("text") or "" for part in content if isinstance(part, dict))
        if isinstance(content, str) and content:
            yield from self._content.push(content)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                yield from self._read_call(call)

    def _read_call(self, call: Mapping[str, Any]) -> Iterator[Event]:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str) and name and self._is_new(call):
            yield from self._end_call(complete=True)
            given = call.get("id")
            identity = given if isinstance(given, str) and given else new_call_id()
            self._calls.append((identity, call.get("index")))
            self._ended = False
            yield ToolCallStarted(len(self._calls) - 1, identity, name)
        if isinstance(arguments, dict):
            arguments = json.dumps(arguments, ensure_ascii=False)
        if isinstance(arguments, str) and arguments and self._calls:
            yield ToolCallArguments(len(self._calls) - 1, arguments)

    def _is_new(self, call: Mapping[str, Any]) -> bool:
        """Whether this is not a piece of the last call: some servers repeat its name in each piece."""
        if not self._calls:
            return True
        identity, index = self._calls[-1]
        given = call.get("id")
        return call.get("index") != index or (bool(given) and given != identity)

    def _end_call(self, *, complete: bool) -> Iterator[Event]:
        if self._calls and not self._ended:
            self._ended = True
            yield ToolCallEnded(len(self._calls) - 1, complete)


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """Usage in OpenAI's form, or with DeepSeek's names for the cache."""

    def number(*path: str) -> int:
        value: Any = usage
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, int) and value > 0 else 0

    return Usage(
        prompt_tokens=number("prompt_tokens"),
        cached_tokens=number("prompt_tokens_details", "cached_tokens") or number("prompt_cache_hit_tokens"),
        completion_tokens=number("completion_tokens"),
        reasoning_tokens=number("completion_tokens_details", "reasoning_tokens"),
    )
