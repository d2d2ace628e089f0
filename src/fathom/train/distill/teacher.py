"""Teachers: sources of answers to problems, as text, so that any two vocabularies fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from fathom.tasks.task import Item
from fathom.types import Message

Ending = Literal["stop", "length", "filtered", "refused"]
"""How an answer ended: complete; cut off; by the endpoint's content filter; no answer."""

MAX_ANSWER = 1_000_000
"""Characters of thoughts and answer together that are kept; 65,536 tokens have some 300,000."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Sample number ``sample`` of problem number ``problem``."""

    problem: int
    sample: int
    item: Item


@dataclass(frozen=True, slots=True)
class TeacherAnswer:
    """``tokens``: how many the teacher spent, where it reports them. ``detail`` says why there is no answer."""

    message: Message
    ending: Ending = "stop"
    tokens: int | None = None
    detail: str = ""


class Teacher(Protocol):
    """Source of answers: an API endpoint or a local model."""

    def answers(self, asks: Sequence[Ask], stopping: Callable[[], bool]) -> Iterator[tuple[Ask, TeacherAnswer]]:
        """Answers in any order, each once; once ``stopping`` holds, only those under way.

        An answer may be anything. Raises a FathomError where further questions are useless.
        """
        ...


def make_answer(
    content: str, reasoning: str | None, ending: Ending = "stop", *, tokens: int | None = None, calls: bool = False
) -> TeacherAnswer:
    """An answer whose texts can be written and tokenized, whatever they were, and are no longer than `MAX_ANSWER`."""
    thoughts = None if reasoning is None else _text(reasoning)
    room = MAX_ANSWER - len(thoughts or "")
    text = _text(content)[: max(0, room)]
    if room < len(content):
        ending = "length"
    detail = "it calls a tool" if calls else ""
    message = Message("assistant", text, reasoning=thoughts)
    return TeacherAnswer(message, "refused" if calls else ending, tokens, detail)


def _text(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can express and no UTF-8 file can hold."""
    return text[:MAX_ANSWER].encode("utf-8", "replace").decode("utf-8")
