"""The interface of a tool-call format: it parses a stream of calls, and writes calls and instructions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fathom.text.input_stream import InputStream, Reading
from fathom.types import Tool, ToolCall


class CallSink(Protocol):
    """Receives the calls that a format parses."""

    def accepts(self, name: str) -> bool:
        """Whether a call of ``name`` is possible here; if not, the text is not a call."""

    def start_call(self, name: str) -> None: ...
    def arguments(self, text: str) -> None: ...

    def end_call(self, complete: bool = True) -> None:
        """``complete``: the arguments ended, and not the text within them. A complete call that was sent no arguments
        has the arguments ``{}``."""


@dataclass(frozen=True, slots=True)
class CallSyntax:
    """How calls are written: ``begin`` call (``between`` call)* ``end``.

    A call is ``head`` JSON ``tail``. The JSON is an object of the name and, under ``key``, the arguments; without a key
    it is the arguments alone, and ``{name}`` in ``head`` is replaced by the name.
    """

    key: str | None = "arguments"
    begin: str = ""
    head: str = ""
    tail: str = ""
    between: str = ""
    end: str = ""

    def head_of(self, name: str) -> str:
        return self.head.replace("{name}", name)

    def around(self, name: str) -> tuple[str, str]:
        """The text before and after the arguments of a call of ``name``."""
        if self.key is None:
            return self.head_of(name), self.tail
        return f'{self.head}{{"name": {json.dumps(name, ensure_ascii=False)}, "{self.key}": ', f"}}{self.tail}"

    def write(self, calls: Sequence[ToolCall]) -> str:
        """The calls as the model writes them."""
        return f"{self.begin}{self.between.join(map(self._call, calls))}{self.end}"

    def _call(self, call: ToolCall) -> str:
        before, after = self.around(call.name)
        return f"{before}{call.arguments}{after}"


class CallFormat(Protocol):
    """``openers`` begin calls anywhere in the answer; ``bare``: an answer may also be an object without an opener."""

    @property
    def openers(self) -> tuple[str, ...]: ...

    @property
    def bare(self) -> bool: ...

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        """Parse calls; the opener was just consumed, and is recorded. What is still recorded at the end is plain text:
        a call that starts clears the record, and the format starts a new record before each further attempt."""

    @property
    def syntax(self) -> CallSyntax:
        """How calls are written; what is parsed may differ from it."""
        ...

    def instructions(self, tools: Sequence[Tool]) -> str:
        """How to call tools, for the system prompt of a model whose template does not describe it."""


def tool_lines(tools: Iterable[Tool]) -> str:
    """The tools as JSON, one a line."""
    return "\n".join(
        json.dumps({"name": t.name, "description": t.description, "parameters": dict(t.parameters)}, ensure_ascii=False)
        for t in tools
    )
