"""Decontamination: reformatted copies match; template wording and short questions do not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.data.filters.decontaminate import ContaminationFilter, EvaluationItem
from fathom.data.filters.words import normalize
from fathom.data.sources.source import Document

LONG = (
    "A train leaves the station at noon with 1,200 passengers, and at each of the 4 stops a quarter of them gets off. "
    "How many are left at the end?"
)
SHORT = "Which planet of the solar system is the hottest one?"  # 10 words
TINY = "What is 7 times 8?"
FILLER = normalize("the lamp on the table was lit and somebody had opened the window to let the evening in")


def judge(**options: int) -> ContaminationFilter:
    contamination = ContaminationFilter(**options)
    contamination.add("trains", [EvaluationItem(LONG, "380")])
    contamination.add(
        "planets", [EvaluationItem(SHORT, "Venus"), EvaluationItem(TINY, "56"), EvaluationItem("Why?", "yes")]
    )
    return contamination


JUDGE = judge()


def found(text: str) -> str | None:
    return JUDGE(Document(text, "1", "test"))


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        LONG.upper().replace(" ", "\n  "),
        LONG.replace("1,200", "**1200**").replace(",", " —").replace(".", ""),
        LONG.replace("A train", "Ａ  ｔｒａｉｎ"),
        f"Exercise 4. {LONG[:90]}",  # half of it is enough
    ],
)
def test_a_reformatted_copy_matches(text: str) -> None:
    assert found(text) == "holds an item of trains"


@given(st.integers(0, 60), st.integers(0, 60), st.randoms(use_true_random=False))
def test_a_copy_matches_anywhere_in_any_layout(before: int, after: int, rng: random.Random) -> None:
    def dressed(word: str) -> str:
        return rng.choice(["{}", "*{}*", "${}$", "{},", "({})"]).format(rng.choice([word, word.upper()]))

    words = [rng.choice(FILLER) for _ in range(before)], [rng.choice(FILLER) for _ in range(after)]
    text = [*words[0], *map(dressed, LONG.replace(",", "").split()), *words[1]]
    assert found("".join(word + rng.choice([" ", "\n", "  \t"]) for word in text)) == "holds an item of trains"


def test_similar_text_is_kept() -> None:
    assert found(LONG.replace("noon", "ten").replace("passengers", "people").replace("quarter", "third")) is None
    assert found(" ".join(FILLER)) is None
    assert found("") is None


def test_a_short_question_matches_as_a_whole() -> None:
    assert found(f"He asked: {SHORT.lower()} Nobody knew.") == "holds an item of planets"
    assert found(SHORT.replace("hottest", "coldest")) is None


def test_a_tiny_question_counts_only_with_its_answer() -> None:
    assert found("Teacher: what is 7 times 8? Pupil: it is 56.") == "holds an item of planets"
    assert found("Teacher: what is 7 times 8? Pupil: I do not know.") is None
    assert found("what is 7 times 8 " + " ".join(FILLER * 4) + " 56") is None
    assert found("It is 56. What is 7 times 8?") is None


def test_what_cannot_be_checked_is_counted() -> None:
    assert JUDGE.items == {"trains": 1, "planets": 3}
    assert JUDGE.unchecked["planets"] == 1
    assert JUDGE.unchecked["trains"] == 0


def test_template_wording_is_ignored() -> None:
    def problem(number: int) -> str:
        return (
            f"Using the numbers {number} {number + 1} 3, reach 12. Use every number once, with + and - and parentheses."
        )

    contamination = ContaminationFilter()
    contamination.add("countdown", [EvaluationItem(problem(number)) for number in range(30)])
    contamination.add("copies", [EvaluationItem(LONG)] * 11)
    assert contamination(Document(problem(7), "1", "train")) == "holds an item of countdown"
    assert contamination(Document(problem(77), "1", "train")) is None
    assert contamination(Document(LONG, "1", "train")) == "holds an item of copies"
    assert not contamination.unchecked.total()


def test_sums_of_the_same_numbers_are_different_problems() -> None:
    contamination = ContaminationFilter()
    contamination.add("sums", [EvaluationItem("Calculate 4 / ( 1 - 3 + 4 ).", "2")])
    assert contamination(Document("calculate 4/(1−3+4) = 2", "1", "train")) == "holds an item of sums"
    assert contamination(Document("Calculate 4 * ( 1 - 3 - 4 ). Not 2!", "1", "train")) is None


def test_an_instruction_before_every_question_does_not_hide_the_questions() -> None:
    rng = random.Random(0)
    questions = [" ".join(rng.choices(FILLER, k=25)) for _ in range(40)]
    contamination = ContaminationFilter()
    contamination.add("set", [EvaluationItem(f"Answer the following question with one letter: {q}") for q in questions])
    assert all(contamination(Document(question, "1", "train")) == "holds an item of set" for question in questions)
    assert contamination(Document("Answer the following question with one letter: why?", "1", "train")) is None


def test_the_length_of_a_passage_can_be_chosen() -> None:
    part = " ".join(LONG.split()[2:12])  # ten words
    assert found(part) is None
    assert judge(ngram=10)(Document(part, "1", "test")) == "holds an item of trains"
