"""The state machine of a model's turn: thinking → answer → tool calls, parsed while the text streams.

Its initial state is detected from the prompt: `<think>` is often part of the prompt, and then the model never writes
it. All dialects share this state machine; they differ in the table of `fathom.text.dialects`.

White space follows DeepSeek's API: newlines next to the tags, next to tool calls and between them are layout, not text.
A closed turn never contains them; if the model stops in the middle they are kept, because a continuation may need them.
Models do not always balance the tags: a second ``<think>`` right after the first is dropped, a ``</think>`` that ends a
line and closes nothing makes what came before it thinking, and a call inside a thinking that is never closed counts.
Nothing else is lost: markup that is not a valid tool call, a tag inside code, other unmatched tags are answer text.
Without tools no call markup is parsed. The parser never raises, and runs in linear time.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fathom.text import markers
from fathom.text.dialects import Dialect
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    Phase,
    TextSpan,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
)
from fathom.text.input_stream import InputStream, Reading, Stops
from fathom.text.tool_calls.json_object import discard

_NEWLINES = re.compile(r"[\r\n]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Opening:
    """The state that a prompt ends in. ``may_think``: the turn is empty, so the model may open the thinking itself.
    ``fresh``: nothing has been written in this phase, so leading newlines are layout."""

    phase: Phase = "answer"
    may_think: bool = False
    fresh: bool = True


def detect_opening(prompt: str, dialect: Dialect) -> Opening:
    """The state at the end of a prompt, from the text of the model's turn so far.

    In a prompt without turn markers it is unknown where that turn begins; then only a tag at the very end counts,
    because anything before it may be quoted from a user.
    """
    start = max((at + len(turn) for turn in dialect.turns if (at := prompt.rfind(turn)) >= 0), default=-1)
    turn = prompt[start:]
    if start < 0:
        end = prompt.rstrip()
        turn = next((tag for tag in (markers.THINK_OPEN, markers.THINK_CLOSE) if end.endswith(tag)), "")
    empty = not turn.strip()
    if not dialect.thinks:
        return Opening(fresh=empty)
    opened, closed = turn.rfind(markers.THINK_OPEN), turn.rfind(markers.THINK_CLOSE)
    if opened > closed:
        return Opening("thinking", fresh=not turn[opened + len(markers.THINK_OPEN) :].strip())
    if closed >= 0:
        return Opening("answer", fresh=not turn[closed + len(markers.THINK_CLOSE) :].strip())
    return Opening("answer", may_think=empty, fresh=empty)


def new_call_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


class Parser:
    """Parses one completion. ``tools`` are the names of the available tools (none: calls are not parsed)."""

    def __init__(
        self,
        dialect: Dialect,
        opening: Opening,
        tools: Iterable[str] = (),
        *,
        new_id: Callable[[], str] = new_call_id,
    ) -> None:
        self._dialect = dialect
        self._opening = opening
        self._tools = frozenset(tools)
        self._new_id = new_id
        self._stream = InputStream()
        self._events: list[Event] = []
        self._kind: Phase | None = None
        self._pending: list[str] = []
        self._spans: list[TextSpan] = []
        self._calls = 0
        self._has_arguments = False
        self._bare = False
        self._phase: Phase = opening.phase
        self._rule = self._turn()
        self._done = False

    @property
    def phase(self) -> Phase:
        """The phase at the end of the last piece."""
        return self._phase

    @property
    def thinking(self) -> bool:
        return self._phase == "thinking"

    def push(self, text: str) -> list[Event]:
        """The events that ``text`` completes. What may still become markup waits for the next piece."""
        self._stream.feed(text)
        return self._advance()

    def take_spans(self) -> list[TextSpan]:
        """Where the text of the thinking and of the answer has been since the last call, in order."""
        spans, self._spans = self._spans, []
        return spans

    def finish(self) -> list[Event]:
        """The events of what was still waiting at the end of the completion."""
        self._stream.close()
        return self._advance()

    def _advance(self) -> list[Event]:
        if not self._done:
            self._done = next(self._rule, self) is self
        self._emit(None)
        events, self._events = self._events, []
        return events

    # the parsing rules

    def _turn(self) -> Reading[None]:
        opening = self._opening
        thinking, lead = opening.phase == "thinking", ""
        if opening.may_think:
            self._stream.start_recording("")
            yield from self._stream.span(_SPACE, discard)
            thinking = yield from self._stream.accept(markers.THINK_OPEN)
            lead = self._stream.stop_recording() if not thinking else ""
        fresh = opening.fresh
        if thinking:
            if not (yield from self._think(fresh)):
                return
            fresh = True
        yield from self._answer(fresh, lead, may_close=opening.may_think and not thinking)

    def _think(self, fresh: bool) -> Reading[bool]:
        """True if the thinking was closed. If it never is, a call inside it counts."""
        self._phase = "thinking"
        if fresh:
            yield from self._stream.span(_NEWLINES, discard)
            if (yield from self._stream.accept(markers.THINK_OPEN)):
                yield from self._stream.span(_NEWLINES, discard)
        text = _TrailingNewlines(lambda piece, behind: self._emit("thinking", piece, behind))
        thoughts = _Thoughts(text, self._tools, self._new_parser)
        stops = Stops(markers.THINK_CLOSE, *self._openers)
        while stop := (yield from self._stream.until(stops, thoughts.write)):
            if stop == markers.THINK_CLOSE:
                thoughts.release(len(stop))
                return True
            thoughts.open_call(stop)
        calls, spans = thoughts.calls(self._stream.position)
        if not calls:
            text.release()
        self._emit(None)
        self._events += calls
        self._spans += spans
        return False

    def _answer(self, fresh: bool, lead: str, *, may_close: bool) -> Reading[None]:
        """With ``may_close`` a tag may close a thinking that was not opened."""
        self._phase = "answer"
        if may_close and (yield from self._stream.accept(markers.THINK_CLOSE)):
            may_close, lead = False, ""
        if fresh and self._dialect.lead:
            yield from self._stream.accept(self._dialect.lead)
        if fresh and self._dialect.thinks:
            yield from self._stream.span(_NEWLINES, discard)
        if not self._tools and not may_close:
            self._emit("answer", lead)
            yield from self._stream.until(Stops(), lambda piece: self._emit("answer", piece))
            return
        text = _TrailingNewlines(lambda piece, behind: self._emit("answer", piece, behind))
        text.write(lead)
        if self._tools and self._dialect.calls.bare and fresh:
            yield from self._call("", text)
        if may_close:
            yield from self._answer_or_thinking(text)
        openers = Stops(*self._openers)
        while opener := (yield from self._stream.until(openers, text.write)):
            yield from self._call(opener, text)
        text.release()

    def _answer_or_thinking(self, text: _TrailingNewlines) -> Reading[None]:
        """Up to the first tag or call: a tag at the end of a line that closes what was not opened makes it thinking."""
        stops = Stops(markers.THINK_OPEN, markers.THINK_CLOSE, *self._openers)
        while not self._calls:
            stop = yield from self._stream.until(stops, text.write)
            if stop in self._openers:
                yield from self._call(stop, text)
            elif stop == markers.THINK_CLOSE and (yield from self._stream.peek()) in ("", "\r", "\n"):
                yield from self._close_thinking(text)
                return
            else:
                text.write(stop)
                return

    def _close_thinking(self, text: _TrailingNewlines) -> Reading[None]:
        """After a tag at the end of a line that closes what was not opened: what came before it was thinking."""
        text.drop()
        self._emit(None)
        self._events.append(AnswerWasThinking())
        self._spans = [span._replace(thinking=True) for span in self._spans]
        yield from self._stream.span(_NEWLINES, discard)

    def _new_parser(self) -> Parser:
        """A parser of calls inside the thinking."""
        return Parser(self._dialect, Opening(fresh=False), self._tools, new_id=self._new_id)

    @property
    def _openers(self) -> tuple[str, ...]:
        """Without tools no markup of calls is parsed."""
        return self._dialect.calls.openers if self._tools else ()

    def _call(self, opener: str, text: _TrailingNewlines) -> Reading[None]:
        """What follows an opener: calls, or plain text."""
        self._phase = "tool_call"
        self._bare = not opener
        before = self._calls
        self._stream.start_recording(opener)
        yield from self._dialect.calls.read(self._stream, self)
        rest = self._stream.stop_recording()
        self._phase = "answer"
        if self._calls > before:
            text.drop()
            rest = rest.lstrip("\r\n")
            if not rest:
                yield from self._stream.span(_NEWLINES, discard)
        text.write(rest)

    # the CallSink of the tool-call format

    def accepts(self, name: str) -> bool:
        return not self._bare or name in self._tools

    def start_call(self, name: str) -> None:
        self._stream.stop_recording()
        self._emit(None)
        self._events.append(ToolCallStarted(self._calls, self._new_id(), name))
        self._calls += 1
        self._has_arguments = False

    def arguments(self, text: str) -> None:
        self._has_arguments = self._has_arguments or bool(text)
        self._emit("tool_call", text)

    def end_call(self, complete: bool = True) -> None:
        if complete and not self._has_arguments:
            self._emit("tool_call", "{}")
        self._emit(None)
        self._events.append(ToolCallEnded(self._calls - 1, complete))

    def _emit(self, kind: Phase | None, text: str = "", behind: int = 0) -> None:
        """Collect text of one kind; a change of kind (None: no text) turns what was collected into an event.

        ``behind``: characters that were consumed after this text.
        """
        if text and kind in ("thinking", "answer"):
            end = self._stream.position - behind
            self._spans.append(TextSpan(end - len(text), end, kind == "thinking"))
        if kind != self._kind:
            joined, self._pending = "".join(self._pending), []
            if joined:
                self._events.append(self._event(joined))
            self._kind = kind
        self._pending.append(text)

    def _event(self, text: str) -> Event:
        if self._kind == "thinking":
            return ThinkingText(text)
        return AnswerText(text) if self._kind == "answer" else ToolCallArguments(self._calls - 1, text)


class _TrailingNewlines:
    """Passes text on, but holds trailing newlines back until it is known whether markup follows.

    ``emit`` is called with a text and with the number of newlines that are held behind it.
    """

    def __init__(self, emit: Callable[[str, int], None]) -> None:
        self._emit = emit
        self._newlines: list[str] = []

    def write(self, text: str, behind: int = 0) -> None:
        """``behind``: characters that were consumed after this text."""
        cut = len(text.rstrip("\r\n"))
        if cut:
            self._emit("".join([*self._newlines, text[:cut]]), len(text) - cut + behind)
            self._newlines.clear()
        if cut < len(text):
            self._newlines.append(text[cut:])

    def release(self) -> None:
        if self._newlines:
            self._emit("".join(self._newlines), 0)
            self._newlines.clear()

    def drop(self) -> None:
        self._newlines.clear()


class _Thoughts:
    """The text of a thinking. From the opener of a call on it is held back, and parsed as calls beside it: only the end
    of the thinking decides whether it was a thought."""

    def __init__(self, text: _TrailingNewlines, tools: Iterable[str], new_parser: Callable[[], Parser]) -> None:
        self._text = text
        self._tools = tools
        self._new_parser = new_parser
        self._parser: Parser | None = None
        self._held: list[str] = []
        self._events: list[Event] = []
        self._called = False

    def write(self, piece: str) -> None:
        if self._parser is None:
            self._text.write(piece)
        elif not self._hold(piece):
            self.release()

    def open_call(self, opener: str) -> None:
        """The opener of a call, which may also be part of a call that is held."""
        if self._parser is not None and self._hold(opener):
            return
        if self._held:
            self._held.pop()
            self.release(len(opener))
        self._parser = self._new_parser()
        self._hold(opener)

    def release(self, behind: int = 0) -> None:
        """What was held is text; ``behind``: characters that were consumed after it."""
        self._text.write("".join(self._held), behind)
        self._parser, self._called = None, False
        self._held.clear()
        self._events.clear()

    def calls(self, end: int) -> tuple[list[Event], list[TextSpan]]:
        """The events of what is held up to the ``end`` of the completion, if it is whole calls, and the spans of the
        text between them; otherwise none, and it is released."""
        called = self._parser is not None and self._take(self._parser.finish()) and self._called
        if called and all(event.complete for event in self._events if isinstance(event, ToolCallEnded)):
            start = end - len("".join(self._held))
            spans = self._parser.take_spans() if self._parser is not None else []
            return self._events, [TextSpan(start + s.start, start + s.end, s.thinking) for s in spans]
        self.release()
        return [], []

    def _hold(self, piece: str) -> bool:
        """Whether what is held may still be calls."""
        assert self._parser is not None
        self._held.append(piece)
        return self._take(self._parser.push(piece))

    def _take(self, events: Iterable[Event]) -> bool:
        """Whether the calls are on offer, and nothing else comes before them."""
        for event in events:
            self._events.append(event)
            if isinstance(event, ToolCallStarted):
                self._called = True
            if not self._called or (isinstance(event, ToolCallStarted) and event.name not in self._tools):
                return False
        return True
