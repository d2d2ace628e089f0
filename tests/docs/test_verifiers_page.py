"""The tables of the page on verifiers: each row is a pair of the suite, with its verdict."""

import re

import pytest
from markdown_files import ROOT
from verifier_suite import KINDS, pairs

PAGE = (ROOT / "docs" / "reference" / "verifiers.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (right|wrong) \| (right|wrong) \|$", PAGE, re.M)
SUITE = {(pair.expected, pair.given): (pair.strict, pair.lenient) for kind in KINDS for pair in pairs(kind)}


def test_the_page_has_tables() -> None:
    assert len(ROWS) > 80
    assert len(ROWS) == len(re.findall(r"\| (?:right|wrong) \|$", PAGE, re.M))


@pytest.mark.parametrize(("expected", "given", "strict", "lenient"), ROWS)
def test_a_row_is_a_pair_of_the_suite(expected: str, given: str, strict: str, lenient: str) -> None:
    assert SUITE[expected, given] == (strict == "right", lenient == "right")
