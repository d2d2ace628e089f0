"""The tool-call formats of Mistral: a list of JSON objects, or in newer models the name before the arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard, json_arguments, json_call_list
from fathom.types import Tool

_NAME = re.compile(r"[^\s\[{]+")
_NEXT = Stops(markers.MISTRAL_CALLS)


@dataclass(frozen=True, slots=True)
class MistralCalls:
    """``[TOOL_CALLS][{"name": …, "arguments": {…}, "id": …}]`` (7B v0.3, Nemo, Small 3), or for each call
    ``[TOOL_CALLS]name[CALL_ID]…[ARGS]{…}`` (since Small 3.1; the id may be absent).

    Both are parsed; ``named`` selects the second to be written. The model's own ids are replaced by the server's.
    """

    named: bool = False
    openers: tuple[str, ...] = (markers.MISTRAL_CALLS,)
    bare: bool = False

    @property
    def syntax(self) -> CallSyntax:
        if self.named:
            return CallSyntax(key=None, head=f"{markers.MISTRAL_CALLS}{{name}}{markers.MISTRAL_ARGUMENTS}")
        return CallSyntax(begin=f"{markers.MISTRAL_CALLS}[", between=", ", end="]")

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        yield from stream.span(SPACE, discard)
        if (yield from stream.peek()) in ("[", "{"):
            yield from json_call_list(stream, sink, "")
        else:
            yield from _named_call(stream, sink)

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            f"You can call functions. They are described here, one JSON object a line:\n{tool_lines(tools)}\n"
            'To call some, write nothing but [TOOL_CALLS][{"name": "the function", "arguments": {"the argument": '
            '"its value"}}]'
        )


def _named_call(stream: InputStream, sink: CallSink) -> Reading[None]:
    name: list[str] = []
    yield from stream.span(_NAME, name.append)
    if not name:
        return
    if (yield from stream.accept(markers.MISTRAL_CALL_ID)):
        yield from stream.span(_NAME, discard)
    if not (yield from stream.accept(markers.MISTRAL_ARGUMENTS)) and (yield from stream.peek()) != "{":
        return
    sink.start_call("".join(name))
    yield from json_arguments(stream, sink, _NEXT)
