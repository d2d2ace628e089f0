"""The parts of a message that one generation writes, from its events.

A message is written in segments: one for each generation, between which tools run. A segment that is resumed is read
again from its first token; the parts then differ from what was stored only in what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fathom.server.runs.fold import Part, new_text_part
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
)


@dataclass(slots=True)
class _Growing:
    """A text or a call while it is written. ``fields`` are those of the part beside its text."""

    kind: str
    pieces: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    complete: bool = False

    @property
    def text(self) -> str:
        if len(self.pieces) > 1:
            self.pieces = ["".join(self.pieces)]
        return self.pieces[0] if self.pieces else ""


class SegmentText:
    """Grows by the events of one generation. ``begun`` are the parts that its prompt ends in; ``call_id`` names the
    ``n``-th call of the segment, the same whenever the segment is read.
    """

    def __init__(self, begun: Iterable[Part] = (), call_prefix: str = "call") -> None:
        self._call_prefix = call_prefix
        self._growing = [
            _Growing(part["type"], [part["text"]], {k: v for k, v in part.items() if k not in ("type", "text")})
            for part in begun
        ]
        self._calls: list[_Growing] = []

    @property
    def thinking(self) -> bool:
        """Whether the last text is a thought."""
        return bool(self._growing) and self._growing[-1].kind == "thinking"

    @property
    def has_answer(self) -> bool:
        return any(part.kind == "answer" and part.text.strip() for part in self._growing)

    @property
    def complete_calls(self) -> frozenset[str]:
        """The ids of calls whose arguments are whole."""
        return frozenset(call.fields["id"] for call in self._calls if call.complete)

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case ThinkingText(text):
                    self._write("thinking", text)
                case AnswerText(text):
                    self._write("answer", text)
                case AnswerWasThinking():
                    for part in self._growing:
                        part.kind = "thinking"
                case ToolCallStarted(_, _, name):
                    self._start_call(name)
                case ToolCallArguments(index, text):
                    self._calls[index].pieces.append(text)
                case ToolCallEnded(index, complete):
                    self._calls[index].complete = complete

    def parts(self) -> list[Part]:
        """All parts so far."""
        return [self._part(one) for one in self._growing]

    def _part(self, one: _Growing) -> Part:
        if one.kind == "tool_call":
            return {
                "type": "tool_call",
                **one.fields,
                "arguments": one.text,
                "state": "running",
                "result": None,
                "ms": None,
            }
        return {**new_text_part(one.kind, one.text), **one.fields}

    def _write(self, kind: str, text: str) -> None:
        if not self._growing or self._growing[-1].kind != kind:
            self._growing.append(_Growing(kind))
        self._growing[-1].pieces.append(text)

    def _start_call(self, name: str) -> None:
        call = _Growing("tool_call", fields={"id": f"{self._call_prefix}_{len(self._calls)}", "name": name})
        self._calls.append(call)
        self._growing.append(call)


def changes(
    before: Mapping[int, Part], after: Iterable[tuple[int, Part]], *, exact: bool = False
) -> list[dict[str, Any]]:
    """The events that lead from the parts ``before`` to those ``after``, by position.

    A text that has grown is a ``delta``; one that is behind what is stored, because a part of it is still held back, is
    left alone unless the difference must be ``exact``.
    """
    events: list[dict[str, Any]] = []
    for position, part in after:
        known = before.get(position)
        if (
            part["type"] in ("thinking", "answer")
            and known is None
            and len(part) == len(new_text_part(part["type"], ""))
        ):
            if part["text"]:
                events.append({"type": "delta", "part": position, "kind": part["type"], "text": part["text"]})
        elif known is None or known["type"] != part["type"]:
            events.append({"type": "part", "part": position, "value": part})
        elif part["type"] == "tool_call":
            if part["arguments"] != known["arguments"] and known["result"] is None:
                events.append({"type": "part", "part": position, "value": {**part, "state": known["state"]}})
        elif part["text"].startswith(known["text"]):
            if rest := part["text"][len(known["text"]) :]:
                events.append({"type": "delta", "part": position, "kind": part["type"], "text": rest})
        elif exact or not known["text"].startswith(part["text"]):
            events.append({"type": "part", "part": position, "value": {**part, **_time(known)}})
    return events


def _time(part: Part) -> dict[str, Any]:
    return {"ms": part["ms"]} if part.get("ms") is not None else {}
