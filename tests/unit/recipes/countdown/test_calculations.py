"""Calculations: a line an operation, and what becomes of slips."""

import random

import pytest

from fathom.recipes.countdown.calculations import MAX_DIVISIONS, calculate
from fathom.recipes.countdown.errors import ErrorRates
from fathom.recipes.countdown.problems import QUESTION
from fathom.tasks.task import Item

PERFECT = ErrorRates(guess=0, patience=(1, 1), slip=0)


@pytest.mark.parametrize(
    ("question", "attempt"),
    [
        (
            "= 7 + 4 * 3 - 2",
            " 4 * 3 = 12: 7 + 12 - 2\n 7 + 12 = 19: 19 - 2\n 19 - 2 = 17\n</think> 17",
        ),
        ("gcd 84 36", " 84 = 36 * 2 + 12\n 36 = 12 * 3 + 0\n</think> 12"),
        ("gcd 84 36 18", " 84 = 36 * 2 + 12\n 36 = 12 * 3 + 0\n 18 = 12 * 1 + 6\n 12 = 6 * 2 + 0\n</think> 6"),
        ("7 * x + 13 = 48", " 48 - 13 = 35\n 35 = 7 * 5 + 0\n</think> 5"),
        ("7 * x - 17 = 25", " 25 + 17 = 42\n 42 = 7 * 6 + 0\n</think> 6"),
        ("50 - 7 * x = 1", " 50 - 1 = 49\n 49 = 7 * 7 + 0\n</think> 7"),
    ],
)
def test_a_careful_calculation(question, attempt):
    assert calculate(Item("x", "", 0, {QUESTION: question}), PERFECT, random.Random(0)) == attempt


def test_who_gives_up_answers_with_what_is_there():
    hasty = PERFECT.model_copy(update={"patience": (0.0, 0.0)})
    one = Item("x", "", 0, {QUESTION: "= 7 + 4 * 3 - 2"})
    assert calculate(one, hasty, random.Random(0)) == " 4 * 3 = 12: 7 + 12 - 2\n</think> 12"
    assert calculate(one, ErrorRates(guess=1), random.Random(0)).startswith("</think> ")


def test_slips_never_keep_a_calculation_from_ending():
    slipping = PERFECT.model_copy(update={"slip": 1.0})
    for question in ("= 90 + 4 * 3 - 2 + 9", "gcd 98 97 2", "19 * x + 4 = 99", "x - 20 = 79"):
        for seed in range(50):
            found = calculate(Item("x", "", 0, {QUESTION: question}), slipping, random.Random(seed))
            assert found.count("\n") <= MAX_DIVISIONS
            assert found.split("</think> ")[1]
