"""pass@k against numbers worked out by hand, and what counts as a guess."""

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.metrics import evaluate
from fathom.evals.rollout import Rollout
from fathom.tasks.rewards import Reward
from fathom.tasks.task import Item, Verdict


def member(right, text="</think> 1", length=3, truncated=False):
    rollout = Rollout((1,), (2,) * length, (0.0,) * length, "length" if truncated else "stop")
    return GradedCompletion(
        rollout, text, Verdict(float(right), right, True), right or "1" in text, Reward({"accuracy": float(right)})
    )


def group(*members):
    return Group(Item("x", "x", None), members)


def test_an_evaluation_by_hand():
    evaluation = evaluate(
        [
            group(member(True, "so\n</think> 1", 10), member(False, "</think> 1"), member(True), member(False)),
            group(*(member(False, "no end", 7, truncated=True) for _ in range(4))),
        ]
    )
    assert evaluation.pass_at == {1: pytest.approx(0.25), 2: pytest.approx(5 / 12), 4: pytest.approx(0.5)}
    assert evaluation.error == pytest.approx(0.25)  # shares .5 and 0: variance 1/8, over 2 problems
    assert evaluation.length == pytest.approx((10 + 3 + 3 + 3 + 4 * 7) / 8)
    assert evaluation.truncated == 0.5
    assert evaluation.guesses == 3 / 8  # a truncated completion is no guess
    assert (evaluation.thought_right, evaluation.guess_right) == (1.0, pytest.approx(1 / 3))
    assert evaluation.lenient == 0.5  # what is wrong but says 1 somewhere counts here
    assert evaluation.metrics()["pass@1"] == pytest.approx(0.25)
    assert "pass_at" not in evaluation.metrics()
