"""Where the answer stands: R1-Zero's template, a box, or the whole text after the thinking.

R1-Zero's format reward asks that reasoning stands in ``<think></think>`` and the answer in ``<answer></answer>`` (R1
section 2.2.2). Read strictly here: each tag once, in this order, nothing outside but white space. A grader that
searches for the last answer instead rewards a model for listing all of them. The lenient reading does search; it is
for reports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Form = Literal["tags", "boxed", "plain"]
"""``tags``: ``<answer>…</answer>``; ``boxed``: one ``\\boxed{…}``; ``plain``: all that follows the thinking."""

MAX_COMPLETION = 1_000_000
"""Characters of a completion that are read at all; 65,536 tokens have some 300,000."""

_SPACE = " \t\r\n"
_TAGS = re.compile(r"</?(?:think|answer)>")
_BOXED = re.compile(r"\\f?boxed[ \t]*\{")


@dataclass(frozen=True, slots=True)
class Extraction:
    """``answer`` is None where none was found; ``detail`` then says why. The lenient reading may find several."""

    answer: str | None
    well_formed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """What a completion must look like.

    ``opened``: the prompt ends inside the thinking, so the completion has no ``<think>`` of its own. ``thinking``:
    whether thinking is required; without, ``boxed`` and ``plain`` take a completion that answers at once. ``reward``:
    what a well-formed wrong answer earns.
    """

    form: Form = "tags"
    opened: bool = False
    thinking: bool = True
    reward: float = 0.0

    def strict(self, completion: str) -> Extraction:
        """The answer, where the completion keeps the format to the letter."""
        if len(completion) > MAX_COMPLETION:
            return Extraction(None, False, f"more than {MAX_COMPLETION:,} characters")
        tags = _TAGS.findall(completion)
        if tags != self._expected_tags(tags):
            return Extraction(None, False, _complaint(tags, self._expected_tags(tags)))
        before, _, rest = completion.partition("</think>") if "</think>" in tags else ("", "", completion)
        if "<think>" in tags and before.partition("<think>")[0].strip(_SPACE):
            return Extraction(None, False, "text before <think>")
        if self.form == "tags":
            return _between_tags(rest)
        return _box(rest) if self.form == "boxed" else _whole(rest)

    def lenient(self, completion: str) -> Extraction:
        """The last answer of the best kind found: in tags, in a box, or the last line after the thinking."""
        strict = self.strict(completion)
        if strict.answer is not None:
            return strict
        text = completion[-MAX_COMPLETION:]
        for found in (_last_between_tags(text), last_boxed(text), _last_line(text)):
            if found.strip():
                return Extraction(found, False, strict.detail)
        return Extraction(None, False, "no answer anywhere")

    def _expected_tags(self, tags: list[str]) -> list[str]:
        answer = ["<answer>", "</answer>"] if self.form == "tags" else []
        if not self.thinking and "</think>" not in tags and not self.opened:
            return answer
        return [*([] if self.opened else ["<think>"]), "</think>", *answer]


def _complaint(tags: list[str], expected: list[str]) -> str:
    for tag in expected:
        count = tags.count(tag)
        if count != 1:
            return f"{tag} is missing" if count == 0 else f"{tag} stands {count} times"
    extra = next((tag for tag in tags if tag not in expected), None)
    return f"{extra} has no place here" if extra else "tags out of order"


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
    boxes = list(_BOXED.finditer(rest))
    if len(boxes) != 1:
        return Extraction(None, False, f"{len(boxes)} boxes where one should be" if boxes else "no box")
    inside = _inside(rest, boxes[0].end())
    return Extraction(None, False, "the box is never closed") if inside is None else _whole(inside)


def _last_between_tags(text: str) -> str:
    start = text.rfind("<answer>")
    return text[start + len("<answer>") :].partition("</answer>")[0].strip(_SPACE) if start >= 0 else ""


def last_boxed(text: str) -> str:
    r"""What stands in the last ``\boxed{…}`` that is closed; empty without one."""
    start = max(text.rfind("\\boxed"), text.rfind("\\fboxed"))
    match = _BOXED.match(text, start) if start >= 0 else None
    return (_inside(text, match.end()) or "").strip(_SPACE) if match else ""


def _inside(text: str, start: int) -> str | None:
    """Up to the brace that closes the one before ``start``."""
    depth = 1
    for match in re.compile(r"\\[{}]|[{}]").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[start : match.start()]
    return None


def _last_line(text: str) -> str:
    after = _TAGS.sub("\n", text.rpartition("</think>")[2]).strip(_SPACE)
    return after.rpartition("\n")[2].strip(_SPACE)
