"""Whether two mathematical answers are equal, by math-verify. Runs in `serve`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

SECONDS = 2
"""For each of the two readings and the comparison. An alarm that long arithmetic does not hear; the worker's time
does.
"""


def answer(request: Mapping[str, str]) -> bool:
    """Whether ``answer`` equals ``gold``, both as LaTeX or plain text."""
    gold, given = (_parse_answer(request[key]) for key in ("gold", "answer"))
    return bool(gold) and bool(given) and bool(verify(gold, given, timeout_seconds=SECONDS))


def _parse_answer(text: str) -> list[Any]:
    """Read as what stands in a box; as plain text where LaTeX finds nothing."""
    latex = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
    return list(parse(f"\\boxed{{{text}}}", extraction_config=latex, parsing_timeout=SECONDS))
