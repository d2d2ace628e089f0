"""The interface of a tool-call format: it parses a stream of calls, and writes calls and instructions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from fathom.text.input_stream import InputStream, Reading
from fathom.types import Tool, ToolCall


class CallSink(Protocol):
    """Receives the calls that a format parses."""

    def accepts(self, name: str) -> bool:
        """Whether a call of ``name`` is possible here; if not, the text is not a call."""

    def start_call(self, name: str) -> None: ...
    def arguments(self, text: str) -> None: ...
    def end_call(self) -> None: ...


class CallFormat(Protocol):
    """``openers`` begin calls anywhere in the answer; ``bare``: an answer may also be an object without an opener."""

    @property
    def openers(self) -> tuple[str, ...]: ...

    @property
    def bare(self) -> bool: ...

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        """Parse calls; the opener was just consumed, and is recorded. What is still recorded at the end is plain text:
        a call that starts clears the record, and the format starts a new record before each further attempt."""

    def write(self, calls: Sequence[ToolCall]) -> str:
        """The calls as the model writes them."""

    def instructions(self, tools: Sequence[Tool]) -> str:
        """How to call tools, for the system prompt of a model whose template does not describe it."""


def call_object(call: ToolCall, key: str) -> str:
    """The call as a JSON object, with its arguments under ``key``."""
    return f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "{key}": {call.arguments}}}'


def tool_lines(tools: Iterable[Tool]) -> str:
    """The tools as JSON, one a line."""
    return "\n".join(
        json.dumps({"name": t.name, "description": t.description, "parameters": dict(t.parameters)}, ensure_ascii=False)
        for t in tools
    )
