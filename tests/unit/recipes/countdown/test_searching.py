"""Searches with three and four numbers: their lines, their answers, and how they fail."""

import random

import pytest

from fathom.recipes.countdown.manner import SearchErrors
from fathom.recipes.countdown.puzzles import Combine
from fathom.recipes.countdown.searching import search
from fathom.tasks.task import Item

PERFECT = SearchErrors(guess=0, patience=(1, 1), slip=0, overlook=0, imagine=0, move=0)


def item(target, *numbers):
    return Item("test", "", target, {"numbers": numbers})


def test_three_numbers_as_in_the_speedrun_with_the_answer_in_steps():
    assert search(item(17, 9, 5, 3), PERFECT, random.Random(14)) == (
        " 9 - 5 = 4, 3 + 7 - 1 * 12\n 9 + 5 = 14, 3 + 17 !\n</think> 9 + 5 = 14, 14 + 3 = 17"
    )


def test_four_numbers_begin_with_what_is_there_now():
    moving = PERFECT.model_copy(update={"move": 0.5})
    assert search(item(25, 3, 5, 9, 14), moving, random.Random(11)) == (
        " 9 * 3 = 27: 5 14 27\n"
        " 27 + 14 = 41, 5 + 46 - 36 * big\n"
        " 14 + 5 = 19, 27 + 46 - 8 * big\n"
        " 9 - 3 = 6: 5 14 6\n"
        " 6 + 5 = 11, 14 + 25 !\n"
        "</think> 9 - 3 = 6, 6 + 5 = 11, 11 + 14 = 25"
    )


@pytest.mark.parametrize(("count", "largest", "highest"), [(3, 20, 99), (4, 20, 99)])
def test_who_is_patient_and_careful_always_succeeds(count, largest, highest):
    task = Combine(count, largest, highest)
    rng = random.Random(0)
    for one in task.items("test", limit=40):
        found = search(one, PERFECT, rng)
        assert task.verify(one, found).correct, found
        assert found.count("!") == 1


def test_a_beginning_is_written_once():
    lines = search(item(97, 2, 3, 5, 7), PERFECT, random.Random(1)).split("\n")
    beginnings = [line for line in lines if ":" in line]
    assert len(beginnings) == len(set(beginnings)) > 1


def test_habits_taken_to_their_end():
    rng = random.Random(0)
    problem = item(25, 3, 5, 9, 14)
    guess = search(problem, SearchErrors(guess=1), rng)
    assert guess.startswith("</think> ")
    assert guess.count("=") == 3
    hasty = SearchErrors(guess=0, patience=(0, 0), imagine=0, overlook=1)
    assert search(problem, hasty, rng).count("\n") == 2
    assert search(item(17, 9, 5, 3), hasty, random.Random(14)) == (
        " 9 - 5 = 4, 3 + 7 - 1 * 12\n</think> 9 - 5 = 4, 4 + 3 = 7"
    )  # what was found, though it is not what was asked for
    dreaming = search(problem, hasty.model_copy(update={"imagine": 1.0}), rng)
    assert dreaming.split("</think>")[0].endswith(" !\n")
    restless = search(problem, PERFECT.model_copy(update={"move": 1.0, "overlook": 1.0}), rng).splitlines()
    assert [":" in line for line in restless[:6]] == [True, False, True, False, True, False]


def test_slips_are_believed():
    task = Combine(3, 12, 60)
    problem = item(17, 9, 5, 3)
    slipping = PERFECT.model_copy(update={"slip": 0.5})
    found = [search(problem, slipping, random.Random(seed)) for seed in range(30)]
    verdicts = [task.verify(problem, one) for one in found]
    assert all(verdict.well_formed for verdict in verdicts)
    assert 3 < sum(verdict.correct for verdict in verdicts) < 27
