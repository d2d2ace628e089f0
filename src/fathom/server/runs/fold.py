"""A message is the fold of its run's events. The page has the same function (web/src/state/fold.ts), and both read the
cases in tests/data/fold.

Events are data as the API sends them: ``{"type": …, "sequence": …, …}``. Unknown types change nothing, so a log of a
later version can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Part = Mapping[str, Any]
"""A part of a message as the API sends it: ``{"type": "thinking", "text": …, "ms": …}``."""


@dataclass(frozen=True, slots=True)
class FoldedMessage:
    """What the events of a run say about its message, up to number ``sequence``."""

    state: str = "waiting"
    parts: tuple[Part, ...] = ()
    finish_reason: str | None = None
    usage: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    status: str | None = None
    sequence: int = field(default=0, compare=False)


def fold(events: Iterable[Mapping[str, Any]], message: FoldedMessage | None = None) -> FoldedMessage:
    """``message`` after ``events``; one that it has seen already is passed over."""
    message = message or FoldedMessage()
    for event in events:
        if event["sequence"] > message.sequence:
            message = replace(_fold_one(message, event), sequence=event["sequence"])
    return message


def _fold_one(message: FoldedMessage, event: Mapping[str, Any]) -> FoldedMessage:
    match event["type"]:
        case "started":
            return replace(message, state="streaming", error=None, finish_reason=None)
        case "delta":
            parts = _grow(message.parts, event["part"], event["kind"], event["text"])
            return replace(message, state="streaming", parts=parts, status=None)
        case "part":
            return replace(message, parts=_put(message.parts, event["part"], event["value"]), status=None)
        case "candidate":
            parts = _grow_candidate(message.parts, event["index"], event["kind"], event["text"])
            return replace(message, parts=parts, status=None)
        case "thinking_ended":
            return replace(message, parts=_end_thinking(message.parts, event["ms"]))
        case "status":
            return replace(message, status=event["text"])
        case "usage":
            return replace(message, usage={**event["usage"], "elapsed_ms": event["at"]})
        case "interrupted":
            error = {"message": event["message"], "remedy": event["remedy"]}
            return replace(message, state="interrupted", status=None, error=error)
        case "finished":
            fields = {name: event[name] for name in ("state", "finish_reason", "usage", "error")}
            return replace(message, status=None, **fields)
    return message


def _put(parts: tuple[Part, ...], position: int, part: Part) -> tuple[Part, ...]:
    """A position beyond the end is the end."""
    return (*parts[:position], part, *parts[position + 1 :])


def _grow(parts: tuple[Part, ...], position: int, kind: str, text: str) -> tuple[Part, ...]:
    part = parts[position] if position < len(parts) else None
    if part is not None and part["type"] == kind:
        return _put(parts, position, {**part, "text": part["text"] + text})
    return _put(parts, position, new_text_part(kind, text))


def new_text_part(kind: str, text: str) -> Part:
    """A thinking or an answer that begins with ``text``."""
    return {"type": kind, "text": text, "ms": None} if kind == "thinking" else {"type": kind, "text": text}


def _end_thinking(parts: tuple[Part, ...], ms: int) -> tuple[Part, ...]:
    """The time belongs to the last thought that has none yet."""
    for position in reversed(range(len(parts))):
        part = parts[position]
        if part["type"] == "thinking" and part["ms"] is None:
            return _put(parts, position, {**part, "ms": ms})
    return parts


def _grow_candidate(parts: tuple[Part, ...], index: int, kind: str, text: str) -> tuple[Part, ...]:
    position = next((i for i, part in enumerate(parts) if part["type"] == "vote"), len(parts))
    vote = parts[position] if position < len(parts) else {"type": "vote", "candidates": [], "tally": [], "chosen": None}
    known = {candidate["index"]: candidate for candidate in vote["candidates"]}
    candidate = known.get(index) or new_candidate(index)
    known[index] = {**candidate, kind: candidate[kind] + text}
    return _put(parts, position, {**vote, "candidates": [known[i] for i in sorted(known)]})


def new_candidate(index: int) -> Mapping[str, Any]:
    """One of several parallel answers, before its first text."""
    return {"index": index, "thinking": "", "answer": "", "extracted": None, "state": "streaming"}
