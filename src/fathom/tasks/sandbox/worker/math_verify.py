"""Equality of two mathematical answers, by math-verify. Runs in the helper process (`serve`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

SECONDS = 2
"""Time limit of each parse and of the comparison: an alarm, which long arithmetic does not notice. The worker's time
limit also stops that."""


def answer(request: Mapping[str, str]) -> bool:
    """Whether ``answer`` equals ``gold``, both as LaTeX or plain text."""
    gold, given = (_parse_answer(request[key]) for key in ("gold", "answer"))
    return bool(gold) and bool(given) and bool(verify(gold, given, timeout_seconds=SECONDS))


def _parse_answer(text: str) -> list[Any]:
    """Parse as the content of a box, or as plain text if it is not LaTeX."""
    latex = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
    return list(parse(f"\\boxed{{{text}}}", extraction_config=latex, parsing_timeout=SECONDS))
