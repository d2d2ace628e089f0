"""Searches with three and four numbers: their lines, their answers, and how they fail."""

import random

import pytest

from fathom.recipes.countdown.corpus import speedrun_problems
from fathom.recipes.countdown.errors import SPEEDRUN_RATES, ErrorRates
from fathom.recipes.countdown.problems import ShortCountdown
from fathom.recipes.countdown.search import search_expression, search_steps
from fathom.tasks.task import Item

PERFECT = ErrorRates(guess=0, patience=(1, 1), slip=0, overlook=0, imagine=0, move=0)


def item(target, *numbers):
    return Item("test", "", target, {"numbers": numbers})


def test_three_numbers_as_in_the_speedrun_with_the_answer_in_steps():
    assert search_steps(item(17, 9, 5, 3), PERFECT, random.Random(14)) == (
        " 9 - 5 = 4, 3 + 7 - 1 * 12\n 9 + 5 = 14, 3 + 17 !\n</think> 9 + 5 = 14, 14 + 3 = 17"
    )


def test_four_numbers_begin_with_what_is_there_now():
    moving = PERFECT.model_copy(update={"move": 0.5})
    assert search_steps(item(25, 3, 5, 9, 14), moving, random.Random(11)) == (
        " 9 * 3 = 27: 5 14 27\n"
        " 27 + 14 = 41, 5 + 46 - 36 * big\n"
        " 14 + 5 = 19, 27 + 46 - 8 * big\n"
        " 9 - 3 = 6: 5 14 6\n"
        " 6 + 5 = 11, 14 + 25 !\n"
        "</think> 9 - 3 = 6, 6 + 5 = 11, 11 + 14 = 25"
    )


@pytest.mark.parametrize(("count", "largest", "highest"), [(3, 20, 99), (4, 20, 99)])
def test_who_is_patient_and_careful_always_succeeds(count, largest, highest):
    task = ShortCountdown(count, largest, highest)
    rng = random.Random(0)
    for one in task.items("test", limit=40):
        found = search_steps(one, PERFECT, rng)
        assert task.verify(one, found).correct, found
        assert found.count("!") == 1


def test_a_beginning_is_written_once():
    lines = search_steps(item(97, 2, 3, 5, 7), PERFECT, random.Random(1)).split("\n")
    beginnings = [line for line in lines if ":" in line]
    assert len(beginnings) == len(set(beginnings)) > 1


def test_habits_taken_to_their_end():
    rng = random.Random(0)
    problem = item(25, 3, 5, 9, 14)
    guess = search_steps(problem, ErrorRates(guess=1), rng)
    assert guess.startswith("</think> ")
    assert guess.count("=") == 3
    hasty = ErrorRates(guess=0, patience=(0, 0), imagine=0, overlook=1)
    assert search_steps(problem, hasty, rng).count("\n") == 2
    assert search_steps(item(17, 9, 5, 3), hasty, random.Random(14)) == (
        " 9 - 5 = 4, 3 + 7 - 1 * 12\n</think> 9 - 5 = 4, 4 + 3 = 7"
    )  # what was found, though it is not what was asked for
    dreaming = search_steps(problem, hasty.model_copy(update={"imagine": 1.0}), rng)
    assert dreaming.split("</think>")[0].endswith(" !\n")
    restless = search_steps(problem, PERFECT.model_copy(update={"move": 1.0, "overlook": 1.0}), rng).splitlines()
    assert [":" in line for line in restless[:6]] == [True, False, True, False, True, False]


def test_slips_are_believed():
    task = ShortCountdown(3, 12, 60)
    problem = item(17, 9, 5, 3)
    slipping = PERFECT.model_copy(update={"slip": 0.5})
    found = [search_steps(problem, slipping, random.Random(seed)) for seed in range(30)]
    verdicts = [task.verify(problem, one) for one in found]
    assert all(verdict.well_formed for verdict in verdicts)
    assert 3 < sum(verdict.correct for verdict in verdicts) < 27


def attempts(rates, count):
    """Items and attempts of the speedrun."""
    rng = random.Random(0)
    return [(one, search_expression(one, rates, rng)) for one in speedrun_problems().items("train", limit=count)]


def test_the_speedrun_answers_with_an_expression():
    assert search_expression(item(17, 9, 5, 3), PERFECT, random.Random(3)) == (
        " 5 - 3 = 2, 9 + 11 - 7 * 18\n 9 * 3 = 27, 5 + 32 - 22 * big\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3"
    )
    task, pairs = speedrun_problems(), attempts(PERFECT, 400)
    assert all(task.verify(one, text).correct for one, text in pairs)
    assert max(text.count("\n") for _, text in pairs) == 9


def test_the_speedrun_s_error_rates_leave_room_to_learn():
    task = speedrun_problems()
    correct = {"guess": [], "claim": [], "gave up": []}
    for one, text in attempts(SPEEDRUN_RATES, 3000):
        verdict = task.verify(one, text)
        assert verdict.well_formed
        kind = "guess" if text.startswith("</think>") else "claim" if "!" in text else "gave up"
        correct[kind].append(verdict.correct)
    share = {kind: sum(verdicts) / len(verdicts) for kind, verdicts in correct.items()}
    assert 0.25 < sum(map(sum, correct.values())) / 3000 < 0.45
    assert 0.15 < len(correct["guess"]) / 3000 < 0.25
    assert share["guess"] < 0.15
    assert share["gave up"] < 0.15
    assert 0.4 < share["claim"] < 0.9  # hits, and imagined ones


def test_the_speedrun_s_solvers_in_the_extreme():
    lines = {text.count("\n") for _, text in attempts(ErrorRates(guess=1), 200)}
    assert lines == {0}
    assert {text.count("\n") for _, text in attempts(ErrorRates(guess=0.5, patience=(0, 0)), 200)} == {0, 1}
    slipping = PERFECT.model_copy(update={"slip": 1.0, "patience": (0.0, 0.0), "imagine": 1.0})
    text = search_expression(item(17, 9, 5, 3), slipping, random.Random(0))
    assert (text.count("\n"), text.count("!")) == (1, 1)
    assert text.split("</think>")[0].endswith(" !\n")
