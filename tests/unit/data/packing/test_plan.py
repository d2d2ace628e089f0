"""Packing plans: nothing lost, nothing twice, no row too long."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError
from fathom.data.packing.plan import BestFitPlan, PackingPlan, Span, StreamPlan

lengths = st.lists(st.integers(0, 30), max_size=25)
row_length = st.integers(1, 20)


def offsets(sizes: list[int]) -> np.ndarray:
    return np.cumsum([0, *sizes])


def spans(plan: PackingPlan) -> list[Span]:
    return [span for index in range(len(plan)) for span in plan.row(index)]


def check_rows(plan: PackingPlan, at: np.ndarray) -> None:
    for index in range(len(plan)):
        row = plan.row(index)
        assert 0 < sum(span.stop - span.start for span in row) <= plan.length
        for span in row:
            document = int(np.searchsorted(at, span.start, side="right")) - 1
            assert at[document] <= span.start < span.stop <= span.end == at[document + 1]


@given(lengths, row_length)
def test_the_stream_holds_every_token_once_in_order(sizes: list[int], length: int) -> None:
    at = offsets(sizes)
    plan = StreamPlan(at, length)
    check_rows(plan, at)
    tokens = [token for span in spans(plan) for token in range(span.start, span.stop)]
    assert tokens == list(range(sum(sizes)))


@given(lengths, row_length)
def test_best_fit_holds_every_token_once(sizes: list[int], length: int) -> None:
    at = offsets(sizes)
    plan = BestFitPlan(at, length)
    check_rows(plan, at)
    tokens = sorted(token for span in spans(plan) for token in range(span.start, span.stop))
    assert tokens == list(range(sum(sizes)))


@given(lengths, row_length)
def test_best_fit_keeps_whole_what_fits_a_row(sizes: list[int], length: int) -> None:
    whole = {(span.start, span.stop) for span in spans(BestFitPlan(offsets(sizes), length, "drop"))}
    at = offsets(sizes)
    assert whole == {(a, b) for a, b in pairwise(at) if 0 < b - a <= length}


@given(lengths, row_length)
def test_two_rows_of_best_fit_never_fit_into_one(sizes: list[int], length: int) -> None:
    plan = BestFitPlan(offsets(sizes), length)
    filled = sorted(sum(span.stop - span.start for span in plan.row(row)) for row in range(len(plan)))
    assert len(filled) < 2 or filled[0] + filled[1] > length


def test_literal_rows() -> None:
    at = offsets([3, 2, 6])
    assert [StreamPlan(at, 4).row(row) for row in range(3)] == [
        [Span(0, 3, 3), Span(3, 4, 5)],
        [Span(4, 5, 5), Span(5, 8, 11)],
        [Span(8, 11, 11)],
    ]
    best = BestFitPlan(at, 6)
    assert [best.row(row) for row in range(2)] == [[Span(5, 11, 11)], [Span(0, 3, 3), Span(3, 5, 5)]]
    assert best.padding == pytest.approx(1 / 12)


def test_what_is_too_long_is_counted() -> None:
    at = offsets([3, 9, 12])
    dropping, cutting = BestFitPlan(at, 8, "drop"), BestFitPlan(at, 8, "cut")
    assert (dropping.dropped, dropping.cut_tokens) == (2, 0)
    assert (cutting.dropped, cutting.cut_tokens) == (0, 5)
    assert [cutting.row(row) for row in range(3)] == [[Span(3, 11, 11)], [Span(12, 20, 20)], [Span(0, 3, 3)]]


def test_a_row_without_tokens_is_refused() -> None:
    with pytest.raises(ConfigError, match="rows of 0 tokens"):
        StreamPlan(offsets([1]), 0)


def test_the_description_differs_between_plans() -> None:
    at = offsets([5])
    plans = [StreamPlan(at, 4), StreamPlan(at, 5), BestFitPlan(at, 4), BestFitPlan(at, 4, "drop")]
    assert len({plan.describe for plan in plans}) == 4
