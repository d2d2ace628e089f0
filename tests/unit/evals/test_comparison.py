"""Comparison of a model with its base, counted by hand."""

import pytest

from fathom.evals.comparison import BaseComparison, Trial, compare_with_base


def test_unsolved_problems_are_counted_against_the_second_series_of_the_base():
    trials = [
        Trial(first=3, model=0),  # lost
        Trial(first=1, model=2),
        Trial(first=0, model=2, again=0),
        Trial(first=0, model=1, again=1),
        Trial(first=0, model=0, again=1),
        Trial(first=0, model=0, again=0),
        Trial(first=0, model=1, again=0),
    ]
    comparison = compare_with_base(trials, 4)
    assert comparison == BaseComparison(
        problems=7,
        samples=4,
        unsolved=5,
        solved=3,
        control=2,
        only_model=2,
        only_control=1,
        pass_1=0.2,
        control_1=0.1,
        lost=1,
    )
    line = comparison.metrics()
    assert (line["share"], line["control_share"], line["p_value"]) == (0.6, 0.4, 1.0)
    assert line["interval"] == pytest.approx((0.2307, 0.8824), abs=1e-4)


def test_a_base_that_solves_everything_leaves_nothing_to_count():
    line = compare_with_base([Trial(1, 1), Trial(2, 2)], 4).metrics()
    assert (line["unsolved"], line["share"], line["interval"], line["p_value"]) == (0, None, (0.0, 1.0), 1.0)
