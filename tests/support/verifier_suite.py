r"""The verifier suite: expected answers with given ones, and the verdicts on them.

Each file of tests/fixtures/verifier_suite holds one kind, a pair a line: verdict, expected answer and given answer,
separated by tabs. ``right``: by both readings; ``lenient``: by the lenient one alone; ``wrong``: by neither. A pair
holds in both directions unless its verdict ends with ``>``. Lines with ``#`` are comments.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "verifier_suite"
KINDS = sorted(path.stem for path in FOLDER.glob("*.tsv"))
VERDICTS = {"right": (True, True), "lenient": (False, True), "wrong": (False, False)}


@dataclass(frozen=True, slots=True)
class Pair:
    expected: str
    given: str
    strict: bool
    lenient: bool


def pairs(kind: str, *, both_ways: bool = True) -> list[Pair]:
    """The pairs of a kind; those that hold in both directions also exchanged."""
    read = []
    for line in (FOLDER / f"{kind}.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        verdict, expected, given = line.split("\t")
        strict, lenient = VERDICTS[verdict.rstrip(">")]
        read.append(Pair(expected, given, strict, lenient))
        if both_ways and not verdict.endswith(">"):
            read.append(Pair(given, expected, strict, lenient))
    return read


def expected_answers(*kinds: str) -> list[str]:
    """The expected answers of some kinds, or of all, each once."""
    return list(dict.fromkeys(pair.expected for kind in kinds or KINDS for pair in pairs(kind, both_ways=False)))
