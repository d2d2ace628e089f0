"""From an answer's check to a verdict: the same two readings for every task that asks for one answer."""

from __future__ import annotations

from collections.abc import Callable

from fathom.tasks.task import Verdict
from fathom.tasks.verifiers.format import AnswerFormat

Check = Callable[[str], str]
"""Takes the answer as written and returns what is wrong with it: an empty text where it is right. Never raises."""

RIGHT = ""


def strict(form: AnswerFormat, completion: str, check: Check) -> Verdict:
    """One answer in its place, and right: 1. Well-formed and wrong: what the format pays. Else 0."""
    found = form.strict(completion)
    if found.answer is None:
        return Verdict(0.0, False, False, found.detail)
    wrong = check(found.answer)
    return Verdict(form.reward if wrong else 1.0, not wrong, True, wrong or "right")


def lenient(form: AnswerFormat, completion: str, check: Check) -> Verdict:
    """An answer anywhere, and right: 1. ``well_formed`` still speaks of the strict format."""
    found = form.lenient(completion)
    if found.answer is None:
        return Verdict(0.0, False, False, found.detail)
    wrong = check(found.answer)
    return Verdict(0.0 if wrong else 1.0, not wrong, found.well_formed, wrong or found.detail or "right")
