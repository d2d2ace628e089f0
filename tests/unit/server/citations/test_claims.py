"""Marks, the words they stand behind, and the quotes among these."""

import pytest

from fathom.server.citations.claims import CitedClaim, cited_claims

KNOWN = range(1, 10)


def uses(answer: str) -> list[tuple[int, str]]:
    return [(claim.number, claim.text) for claim in cited_claims(answer, KNOWN)]


def quotes(answer: str) -> list[tuple[int, tuple[str, ...]]]:
    return [(claim.number, claim.quotes) for claim in cited_claims(answer, KNOWN)]


@pytest.mark.parametrize(
    ("mark", "numbers"),
    [
        ("[1]", [1]),
        ("[1][2]", [1, 2]),
        ("[1, 3]", [1, 3]),
        ("[2-4]", [2, 3, 4]),
        ("[4–2]", [4, 2]),
        ("[citation:3]", [3]),
        ("【5】", [5]),
        ("【5†source】", [5]),
        ("[^2]", [2]),
        ("[1], [2]", [1, 2]),
        ("[1, 77]", [1]),
    ],
)
def test_forms_of_marks(mark: str, numbers: list[int]) -> None:
    assert [number for number, _ in uses(f"It rains {mark}.")] == numbers


@pytest.mark.parametrize(
    "answer",
    [
        "`list[1]` and ```x[2]```",
        "```python\nvalues[1]\n```",
        "~~~\n[1]\n~~~",
        "$$a[1]$$ and \\(b[2]\\)",
        "[1](https://a.example)",
        "[77] is no source",
        "[x] and [] and [1.5]",
        "",
    ],
)
def test_what_is_no_mark(answer: str) -> None:
    assert uses(answer) == []


def test_the_words_are_those_of_the_sentence() -> None:
    answer = "The sky is blue. The grass, e.g. here, is green [1]. Snow is white. [2]\nRain is wet [3]"
    assert uses(answer) == [
        (1, "The grass, e.g. here, is green ."),
        (2, "Snow is white."),
        (3, "Rain is wet"),
    ]


def test_marks_within_a_sentence_divide_it() -> None:
    assert uses("One is first [1], two is second [2] and last.") == [
        (1, "One is first"),
        (2, ", two is second  and last."),
    ]


def test_sentences_of_scripts_without_spaces() -> None:
    assert uses("天空是蓝色的。草是绿色的[1]。雪是白色的。[2]") == [(1, "草是绿色的。"), (2, "雪是白色的。")]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("He said “it rains today” [1].", [(1, ("it rains today",))]),
        ('He said "it rains" [1] and "it snows" [2].', [(1, ("it rains",)), (2, ("it snows",))]),
        ("According to [1], «il pleut aujourd'hui».", [(1, ("il pleut aujourd'hui",))]),
        ("他说「今天下雨」[1]。", [(1, ("今天下雨",))]),
        ("Er sagt „es regnet heute“ [1].", [(1, ("es regnet heute",))]),
        ("Er sagt »es regnet heute« [1].", [(1, ("es regnet heute",))]),
        ("Han sa ”det regnar idag” [1].", [(1, ("det regnar idag",))]),
        ("He said ‘the town’s wet today’ [1].", [(1, ("the town’s wet today",))]),
        ("He said ``it rains today'' [1].", [(1, ("it rains today",))]),
        ("“Not cited.” It rains [1].", [(1, ())]),
        ("He said: “It rains. It snows, too.” [1]", [(1, ("It rains. It snows, too.",))]),
        ("He said “it rains [1] today” [2].", [(1, ("it rains  today",)), (2, ("it rains  today",))]),
        ('A 5" pipe and a 6" one in the ‘90s and the towns’ [1].', [(1, ())]),
        ("> It rains today,\n> and it snows. [1]", [(1, ("It rains today, and it snows.",))]),
        ("> It rains today.\n\n— The weather office [2]", [(2, ("It rains today.",))]),
        ("> It rains today.\n\nThis is what the office says [2].", [(2, ())]),
    ],
)
def test_quotes(answer: str, expected: object) -> None:
    assert quotes(answer) == expected


def test_a_claim_is_whole() -> None:
    assert cited_claims('"a b c" [1]', {1}) == [CitedClaim(1, '"a b c"', ("a b c",))]


def test_hostile_answers_end() -> None:
    for answer in (
        "[1]" * 20_000,
        "[" * 50_000,
        "“" * 50_000,
        "“a " * 30_000 + "[1]",
        "> " * 50_000 + "[1]",
        "a. " * 20_000 + "[1]",
    ):
        cited_claims(answer, KNOWN)
