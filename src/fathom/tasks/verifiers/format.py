"""Answer formats: extract the answer of a completion from R1-Zero's tags, a box, or all text after the thinking.

R1-Zero's format reward requires reasoning in ``<think></think>`` and the answer in ``<answer></answer>`` (R1 section
2.2.2). Strict extraction requires each tag once, in this order, with only white space outside. A grader that searches
for the last answer instead rewards a model for listing all of them. Lenient extraction does search; it is for reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fathom.tasks.task import Check, Verdict

Form = Literal["tags", "boxed", "plain"]
"""``tags``: ``<answer>…</answer>``; ``boxed``: one ``\\boxed{…}``; ``plain``: all that follows the thinking."""

MAX_COMPLETION = 1_000_000
"""Longest completion in characters; 65,536 tokens have some 300,000."""

_SPACE = " \t\r\n"
_TAGS = re.compile(r"</?(?:think|answer)>")
_BOXED = re.compile(r"\\(?:f?boxed|fbox)(?![A-Za-z])[ \t]*(?P<brace>\{)?")
_BARE = re.compile(r"[-+]?\d[\d.,/]*|[A-Za-z](?![A-Za-z])|\\[A-Za-z]+(?:\{[^{}]*\})+")
"""What a box without braces may hold: a number, a letter, or a command with its arguments."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """The answer of a completion; None if there is none, with the reason in ``detail``."""

    answer: str | None
    well_formed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """The format that a completion must have.

    ``opened``: the prompt ends inside the thinking, so the completion has no ``<think>``. ``thinking``: thinking is
    required; otherwise ``boxed`` and ``plain`` also accept a completion without it. ``reward``: the reward of a
    well-formed wrong answer.
    """

    form: Form = "tags"
    opened: bool = False
    thinking: bool = True
    reward: float = 0.0

    def verify(self, completion: str, check: Check) -> Verdict:
        """Reward 1 for one answer in its place, and correct; `reward` if well-formed and wrong; else 0."""
        extraction = self.extract(completion)
        if extraction.answer is None:
            return Verdict(0.0, False, False, extraction.detail)
        wrong = check(extraction.answer)
        return Verdict(self.reward if wrong else 1.0, not wrong, True, wrong or "right")

    def verify_lenient(self, completion: str, check: Check) -> Verdict:
        """Reward 1 for a correct answer anywhere. ``well_formed`` is that of the strict format."""
        extraction = self.extract_lenient(completion)
        if extraction.answer is None:
            return Verdict(0.0, False, False, extraction.detail)
        wrong = check(extraction.answer)
        return Verdict(0.0 if wrong else 1.0, not wrong, extraction.well_formed, wrong or extraction.detail or "right")

    def extract(self, completion: str) -> Extraction:
        """The answer, if the completion has exactly this format."""
        if len(completion) > MAX_COMPLETION:
            return Extraction(None, False, f"more than {MAX_COMPLETION:,} characters")
        tags = _TAGS.findall(completion)
        if tags != self._expected_tags(tags):
            return Extraction(None, False, _tag_problem(tags, self._expected_tags(tags)))
        before, _, rest = completion.partition("</think>") if "</think>" in tags else ("", "", completion)
        if "<think>" in tags and before.partition("<think>")[0].strip(_SPACE):
            return Extraction(None, False, "text before <think>")
        if self.form == "tags":
            return _between_tags(rest)
        return _box(rest) if self.form == "boxed" else _whole(rest)

    def extract_lenient(self, completion: str) -> Extraction:
        """The last answer in tags, or else in a box, or else the last line after the thinking."""
        strict = self.extract(completion)
        if strict.answer is not None:
            return strict
        text = completion[-MAX_COMPLETION:]
        for answer in (_last_between_tags(text), last_boxed(text), _last_line(text)):
            if answer.strip():
                return Extraction(answer, False, strict.detail)
        return Extraction(None, False, "no answer anywhere")

    def _expected_tags(self, tags: list[str]) -> list[str]:
        answer = ["<answer>", "</answer>"] if self.form == "tags" else []
        if not self.thinking and "</think>" not in tags and not self.opened:
            return answer
        return [*([] if self.opened else ["<think>"]), "</think>", *answer]


def _tag_problem(tags: list[str], expected: list[str]) -> str:
    for tag in expected:
        count = tags.count(tag)
        if count != 1:
            return f"{tag} is missing" if count == 0 else f"{tag} occurs {count} times"
    extra = next((tag for tag in tags if tag not in expected), None)
    return f"{extra} is not allowed here" if extra else "tags out of order"


def _between_tags(rest: str) -> Extraction:
    before, _, tail = rest.partition("<answer>")
    answer, _, after = tail.partition("</answer>")
    if before.strip(_SPACE) or after.strip(_SPACE):
        return Extraction(None, False, "text outside the tags")
    return _whole(answer)


def _whole(text: str) -> Extraction:
    answer = text.strip(_SPACE)
    return Extraction(answer, True) if answer.strip() else Extraction(None, False, "the answer is empty")


def _box(rest: str) -> Extraction:
    boxes = _boxes(rest)
    if len(boxes) != 1:
        return Extraction(None, False, f"{len(boxes)} boxes instead of one" if boxes else "no box")
    return Extraction(None, False, "the box is never closed") if boxes[0] is None else _whole(boxes[0])


def _last_between_tags(text: str) -> str:
    start = text.rfind("<answer>")
    return text[start + len("<answer>") :].partition("</answer>")[0].strip(_SPACE) if start >= 0 else ""


def last_boxed(text: str) -> str:
    r"""The content of the last ``\boxed{…}`` that is closed, or of ``\boxed 7``; empty without one."""
    return next((box.strip(_SPACE) for box in reversed(_boxes(text)) if box is not None), "")


def _boxes(text: str) -> list[str | None]:
    r"""The contents of all boxes in order; None for one that is never closed. ``\boxed`` alone is no box."""
    closing = _closing_braces(text)
    boxes: list[str | None] = []
    for match in _BOXED.finditer(text):
        if match["brace"]:
            end = closing.get(match.end() - 1)
            boxes.append(None if end is None else text[match.end() : end])
        elif bare := _BARE.match(text, match.end()):
            boxes.append(bare[0].rstrip(".,"))
    return boxes


def _closing_braces(text: str) -> dict[int, int]:
    """The index of the brace that closes each opening one."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for match in re.finditer(r"\\[{}]|[{}]", text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            pairs[opened.pop()] = match.start()
    return pairs


def _last_line(text: str) -> str:
    after = _TAGS.sub("\n", text.rpartition("</think>")[2]).strip(_SPACE)
    return after.rpartition("\n")[2].strip(_SPACE)
