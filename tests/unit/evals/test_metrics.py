"""pass@k against numbers worked out by hand, and what counts as a guess."""

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.metrics import evaluate, pass_at
from fathom.evals.rollout import Rollout
from fathom.tasks.rewards import Reward
from fathom.tasks.task import Item, Verdict


def member(right, text="</think> 1", length=3, truncated=False):
    rollout = Rollout((1,), (2,) * length, (0.0,) * length, "length" if truncated else "stop")
    return GradedCompletion(
        rollout, text, Verdict(float(right), right, True), right or "1" in text, Reward(float(right))
    )


def group(*members):
    return Group(Item("x", "x", None), members)


@pytest.mark.parametrize(
    ("k", "samples", "right", "expected"),
    [(1, 4, 1, 0.25), (2, 4, 1, 0.5), (2, 4, 2, 1 - 1 / 6), (4, 4, 1, 1.0), (8, 8, 0, 0.0), (2, 8, 7, 1.0)],
)
def test_the_chance_that_one_of_k_is_right(k, samples, right, expected):
    assert pass_at(k, samples, right) == pytest.approx(expected)


def test_an_evaluation_by_hand():
    found = evaluate(
        [
            group(member(True, "so\n</think> 1", 10), member(False, "</think> 1"), member(True), member(False)),
            group(*(member(False, "no end", 7, truncated=True) for _ in range(4))),
        ]
    )
    assert found.pass_at == {1: pytest.approx(0.25), 2: pytest.approx(5 / 12), 4: pytest.approx(0.5)}
    assert found.error == pytest.approx(0.25)  # shares .5 and 0: variance 1/8, over 2 problems
    assert found.length == pytest.approx((10 + 3 + 3 + 3 + 4 * 7) / 8)
    assert found.truncated == 0.5
    assert found.guesses == 3 / 8  # who was cut off has given no answer to guess
    assert (found.thought_right, found.guess_right) == (1.0, pytest.approx(1 / 3))
    assert found.lenient == 0.5  # what is wrong but says 1 somewhere counts here
    assert found.metrics()["pass@1"] == pytest.approx(0.25)
    assert "pass_at" not in found.metrics()


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("a\n</think> 1", True),
        ("<think>a</think>1", True),
        ("\n</think>1", False),
        ("<think>\n</think>1", False),
        ("1", False),
    ],
)
def test_what_counts_as_thinking(text, thought):
    assert member(True, text).thought is thought
