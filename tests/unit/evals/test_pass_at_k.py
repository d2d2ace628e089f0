from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError
from fathom.evals.pass_at_k import cons_at_k, majority, pass_at_k


@pytest.mark.parametrize(
    ("samples", "correct", "k", "expected"),
    [
        (1, 0, 1, 0.0),
        (1, 1, 1, 1.0),
        (8, 2, 1, 0.25),
        (4, 2, 2, 5 / 6),
        (5, 2, 3, 0.9),
        (8, 7, 2, 1.0),
        (64, 1, 64, 1.0),
    ],
)
def test_literal_values(samples: int, correct: int, k: int, expected: float) -> None:
    assert pass_at_k(samples, correct, k) == pytest.approx(expected)


@given(st.integers(1, 8), st.data())
def test_it_is_the_mean_over_all_choices_of_k(samples: int, data: st.DataObject) -> None:
    correct, k = data.draw(st.integers(0, samples)), data.draw(st.integers(1, samples))
    choices = list(combinations([True] * correct + [False] * (samples - correct), k))
    assert pass_at_k(samples, correct, k) == pytest.approx(sum(map(any, choices)) / len(choices))


def test_thousands_of_samples_overflow_nothing() -> None:
    assert pass_at_k(100_000, 1, 50_000) == pytest.approx(0.5)


@pytest.mark.parametrize(("samples", "correct", "k"), [(4, 1, 5), (4, 5, 1), (4, -1, 1), (4, 1, 0), (0, 0, 1)])
def test_what_is_not_defined(samples: int, correct: int, k: int) -> None:
    with pytest.raises(ConfigError, match="is not defined; draw at least k samples"):
        pass_at_k(samples, correct, k)


def test_majority() -> None:
    assert majority(["7", "8", "8"]) == "8"
    assert majority(["8", "7", "7", "8"]) == "8"
    assert majority([None, None, "7"]) == "7"
    assert majority([None, None]) is None
    assert majority([]) is None


def test_cons_at_k() -> None:
    answers = ["7", "7", "8", "8", "8", "7", None, None]
    assert cons_at_k(answers, "7", 3) == 0.5
    assert cons_at_k(answers, "7", 1) == 3 / 8
    assert cons_at_k(answers, "8", 8) == 0.0
    with pytest.raises(ConfigError, match="cons@9 of 8 samples is not defined"):
        cons_at_k(answers, "7", 9)
