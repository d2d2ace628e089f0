"""The tool-call format of Phi-4-mini: a list of JSON objects between ``<|tool_call|>`` tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.input_stream import InputStream, Reading
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard, json_call_list
from fathom.types import Tool

_SYNTAX = CallSyntax(begin=f"{markers.PHI_CALL_OPEN}[", between=", ", end=f"]{markers.PHI_CALL_CLOSE}")
_FUNCTOOLS = "functools"


@dataclass(frozen=True, slots=True)
class PhiCalls:
    """``<|tool_call|>[{"name": …, "arguments": {…}}]<|/tool_call|>``. The model often writes ``functools[{…}]``
    instead, which is read too.
    """

    openers: tuple[str, ...] = (markers.PHI_CALL_OPEN, _FUNCTOOLS)
    bare: bool = False
    syntax: CallSyntax = _SYNTAX

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        if stream.has_recorded_only(_FUNCTOOLS) and (yield from stream.peek()) != "[":
            return
        yield from stream.span(SPACE, discard)
        yield from json_call_list(stream, sink, markers.PHI_CALL_CLOSE)

    def instructions(self, tools: Sequence[Tool]) -> str:
        """As on the model's card: the template writes a system message as it is."""
        described = ", ".join(tool_lines([tool]) for tool in tools)
        return f"You are a helpful assistant with some tools.<|tool|>[{described}]<|/tool|>"
