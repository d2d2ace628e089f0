"""Errors of solvers: how often, and how results are computed."""

import random

import pytest
from pydantic import ValidationError

from fathom.recipes.countdown.arithmetic import CURRICULUM, SPEEDRUN
from fathom.recipes.countdown.errors import ErrorRates


def test_without_slips_results_are_right_up_to_the_limit_of_the_notation():
    careful = ErrorRates(slip=0)
    assert [careful.compute(value, CURRICULUM, random.Random(0)) for value in (42, 99, 100, 400)] == [42, 99, 100, 100]
    assert [careful.compute(value, SPEEDRUN, random.Random(0)) for value in (42, 400)] == [42, 400]


def test_a_slip_is_near_and_never_negative():
    slipping = ErrorRates(slip=1)
    rng = random.Random(0)
    assert {slipping.compute(1, CURRICULUM, rng) for _ in range(100)} == {0, 2, 3, 11}
    assert {slipping.compute(50, SPEEDRUN, rng) for _ in range(100)} == {40, 48, 49, 51, 52, 60}


def test_slips_are_as_frequent_as_their_rate():
    rng = random.Random(0)
    rates = ErrorRates(slip=0.1)
    assert 60 < sum(rates.compute(50, CURRICULUM, rng) != 50 for _ in range(1000)) < 140


@pytest.mark.parametrize("rates", [{"slip": 1.5}, {"guess": -0.1}, {"laziness": 0.5}])
def test_what_is_no_rate_is_refused(rates):
    with pytest.raises(ValidationError):
        ErrorRates(**rates)
