"""Statistics by hand, from their definitions and from published tables."""

import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError
from fathom.evals.statistics import (
    cons_at_k,
    majority,
    mcnemar_test,
    mean,
    pass_at_k,
    sample_variance,
    standard_error,
    wilson_interval,
)


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


@pytest.mark.parametrize(
    ("successes", "count", "interval"),
    [
        (0, 0, (0.0, 1.0)),
        (0, 10, (0.0, 0.2775)),
        (1, 10, (0.0179, 0.4042)),
        (5, 10, (0.2366, 0.7634)),
        (10, 10, (0.7225, 1.0)),
        (15, 148, (0.0624, 0.1605)),
    ],
)
def test_wilson_interval(successes: int, count: int, interval: tuple[float, float]) -> None:
    assert wilson_interval(successes, count) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "p_value"), [(0, 0, 1.0), (5, 0, 0.0625), (0, 5, 0.0625), (8, 2, 0.109375), (3, 3, 1.0)]
)
def test_mcnemar(one: int, other: int, p_value: float) -> None:
    assert mcnemar_test(one, other) == p_value


def test_standard_error() -> None:
    assert mean([1.0, 2.0, 6.0]) == 3.0
    assert sample_variance([1.0, 2.0, 6.0]) == 7.0
    assert standard_error([0.5, 0.0]) == 0.25
    assert standard_error([0.3]) == 0.0


def test_it_imports_no_torch() -> None:
    code = "import sys; import fathom.evals.statistics; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
