"""The tool-call format of Llama 3: a JSON object as the answer, or after ``<|python_tag|>``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.input_stream import InputStream, Reading
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard, json_call
from fathom.types import Tool

_SYNTAX = CallSyntax(key="parameters", between="; ")
_BETWEEN = re.compile(r"[ \t\r\n;]+")


@dataclass(frozen=True, slots=True)
class LlamaCalls:
    """``{"name": …, "parameters": {…}}`` as the whole answer, or after ``<|python_tag|>``; ``;`` separates several.

    An object without an opener counts as a call only if it names an available tool: an answer may be plain JSON.
    """

    openers: tuple[str, ...] = (markers.PYTHON_TAG,)
    bare: bool = True
    syntax: CallSyntax = _SYNTAX

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        yield from stream.span(SPACE, discard)
        while (yield from stream.peek()) == "{":
            if not (yield from json_call(stream, sink, None)):
                return
            yield from stream.span(_BETWEEN, discard)
            stream.start_recording("")

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            f"You can call functions. They are described here, one JSON object a line:\n{tool_lines(tools)}\n"
            "To call one, answer with nothing but this JSON object:\n"
            '{"name": "the function", "parameters": {"the argument": "its value"}}'
        )
