"""The tool-call format of GLM-4: the name in a line, then the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard, json_arguments
from fathom.types import Tool

_SYNTAX = CallSyntax(key=None, head="{name}\n", between="\n")
_NAME = re.compile(r"[^\s{]+")


@dataclass(frozen=True, slots=True)
class GLMCalls:
    """``name\\n{…}`` as the whole answer; a name that is not on offer begins an answer in words."""

    openers: tuple[str, ...] = ()
    bare: bool = True
    syntax: CallSyntax = _SYNTAX

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        while True:
            yield from stream.span(SPACE, discard)
            name: list[str] = []
            yield from stream.span(_NAME, name.append)
            if not name or not sink.accepts("".join(name)):
                return
            yield from stream.span(SPACE, discard)
            if (yield from stream.peek()) != "{":
                return
            sink.start_call("".join(name))
            yield from json_arguments(stream, sink, Stops())
            stream.start_recording("")

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            f"You can call functions. They are described here, one JSON object a line:\n{tool_lines(tools)}\n"
            "To call one, write nothing but its name in a line, and its arguments as a JSON object in the next."
        )
