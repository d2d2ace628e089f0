"""The tool-call format of Hermes, Qwen and SmolLM2: JSON objects in ``<tool_call>`` tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard, json_call
from fathom.types import Tool

_SYNTAX = CallSyntax(head=f"{markers.TOOL_CALL_OPEN}\n", tail=f"\n{markers.TOOL_CALL_CLOSE}", between="\n")
_CLOSER = Stops(markers.TOOL_CALL_CLOSE)
_AFTER_CALL = re.compile(r"[ \t\r\n}]+")  # small models often close one brace too many
_AFTER_ITEM = re.compile(r"[ \t\r\n},\]]+")


@dataclass(frozen=True, slots=True)
class HermesCalls:
    """``<tool_call>{"name": …, "arguments": {…}}</tool_call>``; in SmolLM2's variant the tag may hold a list of
    objects. Small models, Qwen2.5-Coder for one, leave out the tags: an answer that is such an object is a call, too.
    """

    openers: tuple[str, ...] = (markers.TOOL_CALL_OPEN,)
    bare: bool = True
    syntax: CallSyntax = _SYNTAX

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        yield from stream.span(SPACE, discard)
        is_list = yield from stream.accept("[")
        more = True
        while more:
            yield from stream.span(SPACE, discard)
            if not (yield from json_call(stream, sink, _CLOSER)):
                return
            stream.start_recording("")
            yield from stream.span(_AFTER_ITEM if is_list else _AFTER_CALL, discard)
            if (yield from stream.accept(markers.TOOL_CALL_CLOSE, cut_off=True)):
                stream.stop_recording()
                return
            more = is_list

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            "You can call functions. They are described here, one JSON object a line:\n"
            f"<tools>\n{tool_lines(tools)}\n</tools>\n"
            "To call a function, write its name and arguments as JSON between these tags:\n"
            '<tool_call>\n{"name": "the function", "arguments": {"the argument": "its value"}}\n</tool_call>'
        )
