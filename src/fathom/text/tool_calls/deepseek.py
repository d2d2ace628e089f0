"""The tool-call formats of DeepSeek R1 and V3.1: special tokens around name and arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.format import CallSink, CallSyntax, tool_lines
from fathom.text.tool_calls.json_object import SPACE, discard
from fathom.types import Tool, ToolCall

_HEADER_END = Stops(markers.CALL_SEPARATOR, "\n", markers.CALL_BEGIN, markers.CALL_END, markers.CALLS_END)
_CALL_END = Stops(markers.CALL_END)
_BLANK = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class DeepSeekCalls:
    """``<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>…<｜tool▁call▁end｜><｜tool▁calls▁end｜>``, in two generations:
    R1 writes ``function<｜tool▁sep｜>name`` and fences the arguments as code, V3.1 writes ``name<｜tool▁sep｜>{…}``.

    Both are parsed; ``fenced`` selects the one that is written.
    """

    fenced: bool = True
    openers: tuple[str, ...] = (markers.CALLS_BEGIN, markers.CALL_BEGIN)
    bare: bool = False

    def read(self, stream: InputStream, sink: CallSink) -> Reading[None]:
        """If the second opener matched, the model left out the first, and a call's own opener is already consumed."""
        yield from stream.span(SPACE, discard)
        inside = (yield from stream.accept(markers.CALL_BEGIN)) or stream.has_recorded_only(markers.CALL_BEGIN)
        while inside:
            if not (yield from _deepseek_call(stream, sink)):
                return
            stream.start_recording("")
            yield from stream.span(SPACE, discard)
            if (yield from stream.accept(markers.CALLS_END, cut_off=True)):
                stream.stop_recording()
                return
            inside = yield from stream.accept(markers.CALL_BEGIN)

    @property
    def syntax(self) -> CallSyntax:
        begin, separator, end = markers.CALL_BEGIN, markers.CALL_SEPARATOR, markers.CALL_END
        return CallSyntax(
            key=None,
            begin=markers.CALLS_BEGIN,
            head=f"{begin}function{separator}{{name}}\n```json\n" if self.fenced else f"{begin}{{name}}{separator}",
            tail=f"\n```{end}" if self.fenced else end,
            between="\n",
            end=markers.CALLS_END,
        )

    def instructions(self, tools: Sequence[Tool]) -> str:
        example = self.syntax.write((ToolCall("", "the_function", '{"the argument": "its value"}'),))
        return (
            f"## Tools\nYou can call functions. They are described here, one JSON object a line:\n"
            f"{tool_lines(tools)}\n\n"
            f"To call functions, end your answer in exactly this format, each call between its markers:\n{example}"
        )


def _deepseek_call(stream: InputStream, sink: CallSink) -> Reading[bool]:
    """One call, after its opener. False if it has no name: then it is text."""
    header: list[str] = []
    if (yield from stream.until(_HEADER_END, header.append)) != markers.CALL_SEPARATOR:
        return False
    name = "".join(header).strip()
    yield from stream.span(_BLANK, discard)
    fenced = name == "function" and (yield from stream.peek()) not in ("{", "\n")
    if fenced:
        header.clear()
        if (yield from stream.until(_HEADER_END, header.append)) != "\n":
            return False
        name = "".join(header).strip()
    if not name or not sink.accepts(name):
        return False
    sink.start_call(name)
    yield from stream.span(SPACE, discard)
    if fenced and (yield from stream.accept("```")):
        yield from stream.accept("json")
        yield from stream.span(SPACE, discard)
    tail = _ArgumentsTail(sink, fenced)
    end = yield from stream.until(_CALL_END, tail.write)
    tail.close(complete=bool(end))
    sink.end_call(complete=bool(end))
    return True


class _ArgumentsTail:
    """Holds back what may be white space and the code fence after the arguments."""

    def __init__(self, sink: CallSink, fenced: bool) -> None:
        self._sink = sink
        self._fenced = fenced
        self._held: list[str] = []

    def write(self, text: str) -> None:
        cut = len(text.rstrip(" \t\r\n`"))
        if cut:
            self._sink.arguments("".join([*self._held, text[:cut]]))
            self._held.clear()
        self._held.append(text[cut:])

    def close(self, complete: bool) -> None:
        held = "".join(self._held)
        if complete:
            held = held.rstrip()
            held = held.removesuffix("```").rstrip() if self._fenced else held
        if held:
            self._sink.arguments(held)
