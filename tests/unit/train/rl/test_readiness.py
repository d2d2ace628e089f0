"""The gate: what a base is refused for, in words that say what to change."""

import dataclasses

import pytest

from fathom.base.errors import ConfigError
from fathom.evals.metrics import Evaluation
from fathom.train.rl.config import ReadinessConfig
from fathom.train.rl.readiness import check_readiness, find_obstacles

READY = Evaluation(
    problems=64,
    samples=8,
    pass_at={1: 0.37, 2: 0.6, 4: 0.8, 8: 0.92},
    error=0.03,
    reward=0.37,
    well_formed=0.98,
    truncated=0.01,
    length=24.0,
    guesses=0.28,
    thought_right=0.47,
    guess_right=0.08,
)


def base(solved=None, ever=None, **changes):
    pass_at = READY.pass_at | ({1: solved} if solved is not None else {}) | ({8: ever} if ever is not None else {})
    return dataclasses.replace(READY, pass_at=pass_at, **changes)


def test_a_base_like_the_prototypes_is_ready():
    assert check_readiness(READY, ReadinessConfig(mode="stop")) == []


@pytest.mark.parametrize(
    ("evaluation", "what", "advice"),
    [
        (base(solved=0.1), "pass@1 is 10.0%, below 25%", "pretrain longer or choose easier problems"),
        (base(solved=0.6), "pass@1 is 60.0%, above 45%", "choose harder problems"),
        (base(ever=0.5), "pass@8 is 50.0%, below 90%", "pretrain on more varied solutions"),
        (base(guess_right=0.5), "guesses are right in 50%, completions that think in 47%", "make guessing harder"),
        (base(thought_right=None, guesses=1.0), "no completion thinks", "show thinking in pretraining"),
        (base(truncated=0.4), "40% of the completions are truncated", "raise sampling.max_tokens"),
    ],
)
def test_a_doubtful_base_is_named_with_advice(evaluation, what, advice):
    (finding,) = check_readiness(evaluation, ReadinessConfig(mode="warn"))
    assert finding.severity == "doubtful"
    assert finding.what.startswith(what)
    assert finding.advice.startswith(advice)
    with pytest.raises(ConfigError, match="not ready for reinforcement learning"):
        check_readiness(evaluation, ReadinessConfig(mode="stop"))
    assert check_readiness(evaluation, ReadinessConfig(mode="off")) == [finding]


NEVER = {1: 0.0, 2: 0.0, 4: 0.0, 8: 0.0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "check the verifier on a known answer"),
        ({"well_formed": 0.0}, "show the answer's format in pretraining"),
        ({"truncated": 0.9}, "raise sampling.max_tokens"),
    ],
)
def test_a_verifier_that_always_says_no_is_refused_even_where_the_gate_only_warns(changes, words):
    hopeless = dataclasses.replace(READY, pass_at=NEVER, **changes)
    with pytest.raises(ConfigError, match="none of 512 completions is correct") as caught:
        check_readiness(hopeless, ReadinessConfig(mode="warn"))
    assert words in caught.value.remedy
    assert find_obstacles(hopeless, ReadinessConfig())[0].severity == "fatal"


def test_one_that_always_says_yes_is_refused_too():
    with pytest.raises(ConfigError, match="every completion is right"):
        check_readiness(base(solved=1.0, ever=1.0), ReadinessConfig())
