"""The verdicts of the verifier suite, and what holds for every pair of answers."""

import re
from collections.abc import Iterator

import pytest
from verifier_suite import KINDS, expected_answers, pairs

from fathom.tasks.verifiers.math import MathVerifier

NUMERIC = ("numbers", "fractions", "separators", "scientific", "percent", "units", "money", "angles")
ENDLESS = [
    "2^{2^{2^{2^{2^{2}}}}}",
    "\\binom{10^9}{5 \\cdot 10^8}",
    "\\sum_{n=1}^{10^{100}} n!",
    "\\int_0^1 x^{x^{x^{x}}} dx",
    "x^{x^{x^{x^{10^{10}}}}}",
    "a" * 499,
    "1 " * 240,
]
HOSTILE = [
    "9^{9^{9}}",
    "9**9**9",
    "10^(10^10)",
    "10^{10^{10}}",
    "999999999!",
    "(((5!)!)!)!",
    "\\sqrt{" * 15 + "2" + "}" * 15,
    "(" * 100_000 + "4" + ")" * 100_000,
    "\\frac{" * 50_000,
    "\\boxed{" * 10_000,
    "4" * 1_000_000,
    "4," * 500_000,
    "4 and " * 200_000,
    "$" * 10_000,
    "\\text{" * 1000 + "4" + "}" * 1000,
    "1, " * 160,
    "\\pm " * 100,
    "1:" * 200 + "1",
    "'" * 400,
    "\\\\" * 240,
    "\x00",
    "\ud800",
    "__import__('os').abort()",
    "1e" + "9" * 400,
    "\\begin{pmatrix}" + "1 & " * 100 + "1 \\end{pmatrix}",
]


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    pytest.importorskip("math_verify")
    verifier = MathVerifier(seconds=60)
    yield verifier
    verifier.close()


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts(verifier: MathVerifier, kind: str) -> None:
    wrong = []
    for pair in pairs(kind):
        verdict = (
            not verifier.check_strict(pair.given, pair.expected),
            not verifier.check_lenient(pair.given, pair.expected),
        )
        if verdict != (pair.strict, pair.lenient):
            wrong.append(f"{pair.expected!r} ← {pair.given!r}: (strict, lenient) is {verdict}")
    assert not wrong, "\n".join([f"{len(wrong)} verdicts differ", *wrong])


def test_the_suite_is_large() -> None:
    assert sum(len(pairs(kind, both_ways=False)) for kind in KINDS) > 800


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_equals_itself_in_any_wrapping(verifier: MathVerifier, kind: str) -> None:
    wrong = []
    for expected in expected_answers(kind):
        for wrapping in ("{}", " {} ", "\\boxed{{{}}}", "${}$", "{}.", "\\text{{{}}}", "**{}**", "\\displaystyle {}"):
            answer = wrapping.format(expected)
            if ("$" in expected and "$" in wrapping) or (expected.endswith(".") and wrapping.endswith(".")):
                continue  # money in the delimiters of mathematics; two full stops
            if verifier.check_strict(answer, expected) or verifier.check_lenient(answer, expected):
                wrong.append(f"{expected!r} ← {answer!r}: {verifier.check_strict(answer, expected)}")
    assert not wrong, "\n".join(wrong)


def test_a_perturbed_number_is_never_right(verifier: MathVerifier) -> None:
    wrong = []
    for expected in expected_answers(*NUMERIC):
        digits = [match.start() for match in re.finditer(r"[1-8](?![^\\]*\\text)", expected)]
        for place in digits[:1] + digits[-1:]:
            answer = expected[:place] + str(int(expected[place]) + 1) + expected[place + 1 :]
            if not verifier.check_lenient(answer, expected):
                wrong.append(f"{expected!r} ← {answer!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("word", ["no", "even", "ABCD", "Alice Bob", "silent", "\\text{stone}", "abc", "Tuesday"])
def test_an_anagram_is_never_right(verifier: MathVerifier, word: str) -> None:
    letters = re.sub(r"\\text|[{}]", "", word)
    for anagram in (
        letters[::-1],
        letters[1:] + letters[0],
        letters[-1] + letters[:-1],
        " ".join(letters.split()[::-1]),
    ):
        if anagram.casefold() != letters.casefold():
            for answer in (anagram, f"\\text{{{anagram}}}", f"${anagram}$"):
                assert verifier.check_lenient(answer, word), (answer, word)


@pytest.mark.parametrize("expected", ["4", "(1, 2)", "x^2 + 1"])
def test_hostile_answers_are_wrong(verifier: MathVerifier, expected: str) -> None:
    for answer in HOSTILE:
        assert verifier.check_strict(answer, expected), answer[:60]
        assert verifier.check_lenient(answer, expected), answer[:60]


@pytest.mark.slow
@pytest.mark.parametrize("expected", ["4", "\\sqrt{2}", "(1, 2)", "\\text{even}", "x^2 + 1"])
def test_endless_answers_are_wrong_and_end(expected: str) -> None:
    pytest.importorskip("math_verify")
    verifier = MathVerifier(seconds=8)
    for answer in ENDLESS:
        assert verifier.check_strict(answer, expected), answer[:60]
        assert verifier.check_lenient(answer, expected), answer[:60]
    assert verifier.check_lenient("x + 1", "1 + x") == ""
    verifier.close()
