"""What is paid for, with numbers worked out by hand."""

import pytest
from toy_rl import Begin, build, grader

from fathom.base.errors import ConfigError
from fathom.evals.metrics import mean_reward_parts
from fathom.evals.rollout import Rollout
from fathom.evals.runner import Grader
from fathom.recipes.countdown.vocabulary import tokenizer
from fathom.tasks.rewards import PLAIN, LanguageReward, LengthReward, Reward, RewardConfig, reward
from fathom.tasks.task import Verdict
from fathom.train.rl.config import RLConfig, TaskConfig
from fathom.train.run.config import override

RIGHT, WRONG, SHAPELESS = Verdict(1.0, True, True), Verdict(0.0, False, True), Verdict(0.0, False, False)
ALL = RewardConfig(
    accuracy=2.0, format=0.5, language=LanguageReward(name="en", weight=0.4), length=LengthReward(weight=0.2, cache=4)
)
TEXT = "<think>two and 三</think>5"
"""Two words of three are English."""


@pytest.mark.parametrize(
    ("config", "verdict", "tokens", "truncated", "expected"),
    [
        (PLAIN, RIGHT, 9, False, Reward(1.0)),
        (PLAIN, Verdict(0.3, False, True), 9, False, Reward(0.3)),  # a part for a nearly right answer
        (PLAIN, RIGHT, 10, True, Reward(0.0)),
        (ALL, RIGHT, 5, False, Reward(2.0, 0.5, 0.4 * 2 / 3, 0.0)),
        (ALL, WRONG, 8, False, Reward(0.0, 0.5, 0.4 * 2 / 3, -0.2 * 2 / 4)),
        (ALL, SHAPELESS, 10, True, Reward(0.0, 0.0, 0.0, -0.2)),
        (RewardConfig(length=LengthReward(shape="cosine")), RIGHT, 0, False, Reward(1.0, length=1.0)),
        (RewardConfig(length=LengthReward(shape="cosine")), RIGHT, 5, False, Reward(1.0, length=0.75)),
        (RewardConfig(length=LengthReward(shape="cosine")), WRONG, 5, False, Reward(0.0, length=-0.25)),
        (RewardConfig(length=LengthReward(shape="cosine")), RIGHT, 10, True, Reward(0.0, length=-0.5)),
        (RewardConfig(accuracy=0, format=1.0), WRONG, 5, False, Reward(0.0, 1.0)),
        (
            RewardConfig(length=LengthReward(cache=100)),
            RIGHT,
            5,
            False,
            Reward(1.0, length=-0.5),
        ),  # as many as there are
        (RewardConfig(length=LengthReward()), RIGHT, 9, False, Reward(1.0, length=-0.5)),  # the last two of ten
    ],
)
def test_every_part_by_hand(config, verdict, tokens, truncated, expected):
    found = reward(config, verdict, TEXT, tokens=tokens, limit=10, truncated=truncated)
    assert [getattr(found, name) for name in Reward.__slots__] == pytest.approx(
        [getattr(expected, name) for name in Reward.__slots__]
    )
    assert found.total == pytest.approx(expected.accuracy + expected.format + expected.language + expected.length)


@pytest.mark.parametrize("text", ["5", "<think></think>5", "<think> \n</think>5", "</think>5", "<think>endless", ""])
def test_who_does_not_think_is_not_paid_for_the_language_of_it(text):
    config = RewardConfig(language=LanguageReward(name="en"))
    assert reward(config, RIGHT, text, tokens=3, limit=10).language == 0


def test_the_parts_that_were_paid_are_logged():
    assert mean_reward_parts([Reward(1.0), Reward(0.0)]) == {"accuracy": 0.5}
    assert mean_reward_parts([Reward(1.0, length=-0.5), Reward(0.0, length=0.5)]) == {"accuracy": 0.5, "length": 0.0}
    assert mean_reward_parts([Reward(0.0)]) == {}


def test_settings_choose_them():
    config = RLConfig(name="x", start="x", task=TaskConfig(name="x"), steps=1)
    assert config.rewards == PLAIN
    settings = ["rewards.format=0.1", "rewards.language.name=zh", "rewards.length.shape=cosine"]
    assert override(config, settings).rewards == RewardConfig(
        format=0.1, language=LanguageReward(name="zh"), length=LengthReward(shape="cosine")
    )
    with pytest.raises(ConfigError, match="language 'xx' is not known: choose one of ar, bg,"):
        override(config, ["rewards.language.name=xx"])


class Generous(Begin):
    """Strictly the first character counts, leniently any."""

    def lenient(self, item, completion):
        found = any(character.isdigit() for character in completion)
        return Verdict(float(found), found, False)


@pytest.mark.parametrize(
    ("text", "right", "lenient"), [(" 24 !", True, True), ("! 24", False, True), ("!", False, False)]
)
def test_both_readings_are_kept(text, right, lenient):
    one = grader(build())
    paid = Grader(Generous(), one.sampler, tokenizer(), rewards=RewardConfig(accuracy=0.0, format=0.25))
    (item,) = list(Begin().items("train", limit=1))
    ids = (*tokenizer().encode(text), 1)
    graded = paid.grade(item, Rollout((1,), ids, (0.0,) * len(ids), "stop"), 8)
    assert (graded.verdict.correct, graded.lenient, graded.reward) == (right, lenient, 0.25)
