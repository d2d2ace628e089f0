"""The ways in which models write tool calls. A format reads a stream of calls, and writes calls and instructions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from fathom.text import markers
from fathom.text.json_calls import SPACE, CallSink, ignore, json_call
from fathom.text.source import InputStream, Reading, Stops
from fathom.types import Tool, ToolCall


class CallFormat(Protocol):
    """``openers`` begin calls anywhere in the answer; ``bare``: an answer may also begin with a naked object."""

    @property
    def openers(self) -> tuple[str, ...]: ...

    @property
    def bare(self) -> bool: ...

    def read(self, source: InputStream, sink: CallSink) -> Reading[None]:
        """Read calls; the opener was just consumed, and is recorded. What is still recorded at the end is plain text:
        a call that starts clears the record, and before each further attempt the reader records anew."""

    def write(self, calls: Sequence[ToolCall]) -> str:
        """What the model would have written."""

    def instructions(self, tools: Sequence[Tool]) -> str:
        """How to call tools, for the system prompt of a model whose template does not say it."""


@dataclass(frozen=True, slots=True)
class HermesCalls:
    """``<tool_call>{"name": …, "arguments": {…}}</tool_call>``: Hermes, Qwen, and what SmolLM2 was taught (there the
    tag may hold a list of objects)."""

    openers: tuple[str, ...] = (markers.TOOL_CALL_OPEN,)
    bare: bool = False

    def read(self, source: InputStream, sink: CallSink) -> Reading[None]:
        yield from source.span(SPACE, ignore)
        listed = yield from source.accept("[")
        more = True
        while more:
            yield from source.span(SPACE, ignore)
            if not (yield from json_call(source, sink, _CLOSER)):
                return
            source.record("")
            yield from source.span(_AFTER_ITEM if listed else _AFTER_CALL, ignore)
            if (yield from source.accept(markers.TOOL_CALL_CLOSE)):
                source.recorded()
                return
            more = listed

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "\n".join(f"<tool_call>\n{_object(call, 'arguments')}\n</tool_call>" for call in calls)

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            "You can call functions. They are described here, one JSON object a line:\n"
            f"<tools>\n{_tool_lines(tools)}\n</tools>\n"
            "To call a function, write its name and arguments as JSON between these tags:\n"
            '<tool_call>\n{"name": "the function", "arguments": {"the argument": "its value"}}\n</tool_call>'
        )


_CLOSER = Stops(markers.TOOL_CALL_CLOSE)
_AFTER_CALL = re.compile(r"[ \t\r\n}]+")  # small models like to close one brace too many
_AFTER_ITEM = re.compile(r"[ \t\r\n},\]]+")


@dataclass(frozen=True, slots=True)
class LlamaCalls:
    """``{"name": …, "parameters": {…}}`` as the whole answer, or after ``<|python_tag|>``; ``;`` separates several.

    A bare object counts as a call only when it names a tool that is on offer: an answer may be JSON in its own right.
    """

    openers: tuple[str, ...] = (markers.PYTHON_TAG,)
    bare: bool = True

    def read(self, source: InputStream, sink: CallSink) -> Reading[None]:
        yield from source.span(SPACE, ignore)
        while (yield from source.peek()) == "{":
            if not (yield from json_call(source, sink, None)):
                return
            yield from source.span(_BETWEEN, ignore)
            source.record("")

    def write(self, calls: Sequence[ToolCall]) -> str:
        return "; ".join(_object(call, "parameters") for call in calls)

    def instructions(self, tools: Sequence[Tool]) -> str:
        return (
            f"You can call functions. They are described here, one JSON object a line:\n{_tool_lines(tools)}\n"
            "To call one, answer with nothing but this JSON object:\n"
            '{"name": "the function", "parameters": {"the argument": "its value"}}'
        )


_BETWEEN = re.compile(r"[ \t\r\n;]+")


@dataclass(frozen=True, slots=True)
class DeepSeekCalls:
    """``<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>…<｜tool▁call▁end｜><｜tool▁calls▁end｜>``, in two generations:
    R1 writes ``function<｜tool▁sep｜>name`` and fences the arguments as code, V3.1 writes ``name<｜tool▁sep｜>{…}``.

    Both are read; ``fenced`` is the one that is written.
    """

    fenced: bool = True
    openers: tuple[str, ...] = (markers.CALLS_BEGIN, markers.CALL_BEGIN)
    bare: bool = False

    def read(self, source: InputStream, sink: CallSink) -> Reading[None]:
        """The second opener means that the model left out the first, so a call's own opener may or may not come."""
        yield from source.span(SPACE, ignore)
        inside = (yield from source.accept(markers.CALL_BEGIN)) or source.recorded_ends(markers.CALL_BEGIN)
        while inside:
            if not (yield from _deepseek_call(source, sink)):
                return
            source.record("")
            yield from source.span(SPACE, ignore)
            if (yield from source.accept(markers.CALLS_END)):
                source.recorded()
                return
            inside = yield from source.accept(markers.CALL_BEGIN)

    def write(self, calls: Sequence[ToolCall]) -> str:
        written = "\n".join(
            f"{markers.CALL_BEGIN}function{markers.CALL_SEPARATOR}{call.name}\n"
            f"```json\n{call.arguments}\n```{markers.CALL_END}"
            if self.fenced
            else f"{markers.CALL_BEGIN}{call.name}{markers.CALL_SEPARATOR}{call.arguments}{markers.CALL_END}"
            for call in calls
        )
        return f"{markers.CALLS_BEGIN}{written}{markers.CALLS_END}"

    def instructions(self, tools: Sequence[Tool]) -> str:
        example = self.write((ToolCall("", "the_function", '{"the argument": "its value"}'),))
        return (
            f"## Tools\nYou can call functions. They are described here, one JSON object a line:\n"
            f"{_tool_lines(tools)}\n\n"
            f"To call functions, end your answer in exactly this format, each call between its markers:\n{example}"
        )


_HEADER_END = Stops(markers.CALL_SEPARATOR, "\n", markers.CALL_BEGIN, markers.CALL_END, markers.CALLS_END)
_CALL_END = Stops(markers.CALL_END)


def _deepseek_call(source: InputStream, sink: CallSink) -> Reading[bool]:
    """One call, after its opener. False: there is no name, so it is text."""
    header: list[str] = []
    if (yield from source.until(_HEADER_END, header.append)) != markers.CALL_SEPARATOR:
        return False
    name = "".join(header).strip()
    yield from source.span(_BLANK, ignore)
    fenced = name == "function" and (yield from source.peek()) not in ("{", "\n")
    if fenced:
        header.clear()
        if (yield from source.until(_HEADER_END, header.append)) != "\n":
            return False
        name = "".join(header).strip()
    if not name or not sink.accepts(name):
        return False
    sink.start_call(name)
    yield from source.span(SPACE, ignore)
    if fenced and (yield from source.accept("```")):
        yield from source.accept("json")
        yield from source.span(SPACE, ignore)
    tail = _Tail(sink, fenced)
    found = yield from source.until(_CALL_END, tail.write)
    tail.end(complete=bool(found))
    sink.end_call()
    return True


_BLANK = re.compile(r"[ \t]+")


class _Tail:
    """Holds back what may be the space and the fence behind the arguments."""

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

    def end(self, complete: bool) -> None:
        held = "".join(self._held)
        if complete:
            held = held.rstrip()
            held = held.removesuffix("```").rstrip() if self._fenced else held
        if held:
            self._sink.arguments(held)


def _object(call: ToolCall, key: str) -> str:
    return f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "{key}": {call.arguments}}}'


def _tool_lines(tools: Iterable[Tool]) -> str:
    return "\n".join(
        json.dumps({"name": t.name, "description": t.description, "parameters": dict(t.parameters)}, ensure_ascii=False)
        for t in tools
    )
