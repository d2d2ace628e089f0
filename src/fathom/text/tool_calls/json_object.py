"""Tool calls written as JSON objects, ``{"name": …, "arguments": {…}}``, parsed while they stream.

Arguments are passed on as the model writes them, so that a client can show a long file as it grows. So a call is
announced before its end is known. The name decides: before it is complete, anything unexpected makes the whole attempt
plain text; after it, the attempt is a call, and what follows is its arguments even if they are not valid JSON
(`fathom.types.ToolCall` promises no more).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.format import CallSink

SPACE = re.compile(r"[ \t\r\n]+")
_BETWEEN = re.compile(r"[ \t\r\n,}]+")  # small models often close one brace too many
_OUTSIDE = re.compile(r"[ \t\r\n0-9A-Za-z+\-.,:_]+")
_INSIDE = re.compile(r'[^"\\]+')
_SCALAR = re.compile(r"[0-9A-Za-z+\-._]+")
_CLOSING = {"{": "}", "[": "]"}
_ARGUMENTS = ("arguments", "parameters")


def discard(_: str) -> None:
    """Ignores the text that a rule consumes."""


def json_call(stream: InputStream, sink: CallSink, closer: Stops | None) -> Reading[bool]:
    """Parse one object, from its ``{``. True if a call was sent to ``sink``; False if this is not a call.

    Arguments that are not valid JSON continue as raw text up to ``closer``, which is consumed with them.
    """
    if not (yield from stream.accept("{")):
        return False
    name: str | None = None
    early: list[str] | None = None  # arguments that came before the name
    started = False
    while True:
        key = yield from _key(stream)
        if key is None:
            break
        if key == "name" and name is None:
            name = yield from _string(stream)
            if not name or not sink.accepts(name):
                return False
        elif key in _ARGUMENTS and name is not None and not started:
            sink.start_call(name)
            started = True
            if not (yield from _arguments(stream, sink.arguments)):
                yield from _raw(stream, sink, closer)
                return True
        elif key in _ARGUMENTS and early is None:
            early = []
            if not (yield from _arguments(stream, early.append)):
                return False
        elif not (yield from _value(stream, discard)):
            break
        yield from stream.span(SPACE, discard)
        if not (yield from stream.accept(",")):
            break
    yield from stream.span(SPACE, discard)
    complete = yield from stream.accept("}")
    if not started:
        if name is None or not complete:
            return False
        sink.start_call(name)
        sink.arguments("".join(early or ()))
    sink.end_call()
    return True


def json_call_list(stream: InputStream, sink: CallSink, closing: str) -> Reading[None]:
    """A list of objects, or one object alone, and ``closing`` where it follows."""
    closer = Stops(closing) if closing else Stops()
    is_list = yield from stream.accept("[")
    more = True
    while more:
        yield from stream.span(SPACE, discard)
        if not (yield from json_call(stream, sink, closer)):
            return
        stream.start_recording("")
        more = is_list
        if is_list:
            yield from stream.span(_BETWEEN, discard)
            if (yield from stream.accept("]")):
                stream.start_recording("")
                more = False
    yield from stream.span(SPACE, discard)
    if closing and (yield from stream.accept(closing, cut_off=True)):
        stream.stop_recording()


def json_arguments(stream: InputStream, sink: CallSink, closer: Stops) -> Reading[None]:
    """The arguments of the call that was started: a JSON value, or whatever is written up to ``closer``."""
    yield from stream.span(SPACE, discard)
    if (yield from _arguments(stream, sink.arguments)):
        sink.end_call()
    else:
        yield from _raw(stream, sink, closer)


def _key(stream: InputStream) -> Reading[str | None]:
    """A key, consumed with its colon; None if there is none."""
    yield from stream.span(SPACE, discard)
    key = yield from _string(stream)
    yield from stream.span(SPACE, discard)
    if key is None or not (yield from stream.accept(":")):
        return None
    yield from stream.span(SPACE, discard)
    return key


def _string(stream: InputStream) -> Reading[str | None]:
    """A JSON string, decoded; None if there is none, or an invalid one."""
    if (yield from stream.peek()) != '"':
        return None
    parts: list[str] = []
    if not (yield from _read_string(stream, parts.append)):
        return None
    return _decode_string("".join(parts))


def _decode_string(literal: str) -> str | None:
    try:
        value = json.loads(literal, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _read_string(stream: InputStream, emit: Callable[[str], None]) -> Reading[bool]:
    """A string literal with its quotes. False if the text ends inside it."""
    emit(stream.take(1))
    while True:
        end = yield from stream.span(_INSIDE, emit)
        if not end:
            return False
        emit(stream.take(1))
        if end == '"':
            return True
        if not (yield from stream.peek()):  # the escaped character
            return False
        emit(stream.take(1))


def _value(stream: InputStream, emit: Callable[[str], None]) -> Reading[bool]:
    """Any JSON value, emitted as it is written. False if it is incomplete; what was emitted before remains."""
    first = yield from stream.peek()
    if first == '"':
        return (yield from _read_string(stream, emit))
    if first not in _CLOSING or not first:
        parts: list[str] = []
        yield from stream.span(_SCALAR, parts.append)
        emit("".join(parts))
        return bool(parts)
    open_brackets: list[str] = []
    while True:
        character = yield from stream.span(_OUTSIDE, emit)
        if character == '"':
            if not (yield from _read_string(stream, emit)):
                return False
        elif character in _CLOSING and character:
            open_brackets.append(_CLOSING[character])
            emit(stream.take(1))
        elif character and character == open_brackets[-1]:
            emit(stream.take(1))
            open_brackets.pop()
            if not open_brackets:
                return True
        else:
            return False


def _arguments(stream: InputStream, emit: Callable[[str], None]) -> Reading[bool]:
    """The value of ``arguments``. Some models quote the object as a string, or write null, nothing or [] for none."""
    first = yield from stream.peek()
    if first == "{":
        return (yield from _value(stream, emit))
    if first == "}":
        return True
    parts: list[str] = []
    complete = yield from _value(stream, parts.append)
    written = "".join(parts)
    if complete:
        written = _unquote(written)
        written = "" if re.sub(r"\s", "", written) in ("", "null", "[]") else written
    emit(written)
    return complete


def _unquote(written: str) -> str:
    """The object in a string, where it is one."""
    text = _decode_string(written) if written.startswith('"') else None
    return text if text is not None and (not text.strip() or text.lstrip().startswith("{")) else written


def _raw(stream: InputStream, sink: CallSink, closer: Stops | None) -> Reading[None]:
    """The rest of arguments that are not valid JSON."""
    end = (yield from stream.until(closer, sink.arguments)) if closer is not None else ""
    sink.end_call(complete=bool(end))
