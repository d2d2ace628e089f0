"""Rewards, with numbers worked out by hand."""

import pytest
from toy_rl import Begin, build, grader

from fathom.base.errors import ConfigError
from fathom.evals.metrics import mean_reward_parts
from fathom.evals.rollout import Rollout
from fathom.evals.runner import Grader
from fathom.recipes.countdown.vocabulary import tokenizer
from fathom.tasks.rewards import (
    NO_REWARD,
    REWARDS,
    TASK_REWARD,
    GradedText,
    LanguageReward,
    LengthReward,
    Reward,
    RewardConfig,
    Rewards,
    RewardTerm,
    build_rewards,
    thinking,
)
from fathom.tasks.task import Verdict, VerdictError
from fathom.train.rl.config import RLConfig
from fathom.train.run.config import override
from fathom.train.run.recipe import find
from fathom.train.run.task import TaskConfig

RIGHT, WRONG, SHAPELESS = Verdict(1.0, True, True), Verdict(0.0, False, True), Verdict(0.0, False, False)
PLAIN = RewardConfig()
ALL = RewardConfig(
    accuracy=2.0, format=0.5, language=LanguageReward(name="en", weight=0.4), length=LengthReward(weight=0.2, cache=4)
)
COSINE = RewardConfig(length=LengthReward(shape="cosine"))
TEXT = "<think>two and 三</think>5"
"""Two words of three are English."""


@pytest.mark.parametrize(
    ("config", "verdict", "tokens", "truncated", "expected"),
    [
        (PLAIN, RIGHT, 9, False, {"accuracy": 1.0}),
        (PLAIN, Verdict(0.3, False, True), 9, False, {"accuracy": 0.3}),  # a part for a nearly right answer
        (PLAIN, RIGHT, 10, True, {"accuracy": 0.0}),
        (ALL, RIGHT, 5, False, {"accuracy": 2.0, "format": 0.5, "language": 0.4 * 2 / 3, "length": 0.0}),
        (ALL, WRONG, 8, False, {"accuracy": 0.0, "format": 0.5, "language": 0.4 * 2 / 3, "length": -0.2 * 2 / 4}),
        (ALL, SHAPELESS, 10, True, {"accuracy": 0.0, "format": 0.0, "language": 0.0, "length": -0.2}),
        (COSINE, RIGHT, 0, False, {"accuracy": 1.0, "length": 1.0}),
        (COSINE, RIGHT, 5, False, {"accuracy": 1.0, "length": 0.75}),
        (COSINE, WRONG, 5, False, {"accuracy": 0.0, "length": -0.25}),
        (COSINE, RIGHT, 10, True, {"accuracy": 0.0, "length": -0.5}),
        (RewardConfig(accuracy=0, format=1.0), WRONG, 5, False, {"format": 1.0}),
        # as many as there are
        (RewardConfig(length=LengthReward(cache=100)), RIGHT, 5, False, {"accuracy": 1.0, "length": -0.5}),
        # the last two of ten
        (RewardConfig(length=LengthReward()), RIGHT, 9, False, {"accuracy": 1.0, "length": -0.5}),
    ],
)
def test_every_part_by_hand(config, verdict, tokens, truncated, expected):
    reward = build_rewards(config)(GradedText(verdict, TEXT, tokens, 10, truncated))
    assert reward.parts == pytest.approx(expected)
    assert reward.total == pytest.approx(sum(expected.values()))


@pytest.mark.parametrize("text", ["5", "<think></think>5", "<think> \n</think>5", "</think>5", "<think>endless", ""])
def test_an_empty_thinking_is_in_no_language(text):
    assert thinking(text) == ""
    assert REWARDS["language"](GradedText(RIGHT, text, 3, 10), name="en") == 0


def test_parts_that_are_not_zero_are_logged():
    one, two = Reward({"accuracy": 1.0, "length": -0.5}), Reward({"accuracy": 0.0, "length": 0.5})
    assert mean_reward_parts([Reward({"accuracy": 1.0}), Reward({"accuracy": 0.0})]) == {"accuracy": 0.5}
    assert mean_reward_parts([one, two]) == {"accuracy": 0.5, "length": 0.0}
    assert mean_reward_parts([Reward({"accuracy": 0.0})]) == mean_reward_parts([NO_REWARD]) == {}


def rl(**changes):
    return RLConfig(name="x", start="x", task=TaskConfig(name="x"), steps=1, **changes)


def test_settings_choose_them():
    assert rl().rewards == PLAIN
    settings = ["rewards.format=0.1", "rewards.language.name=zh", "rewards.length.shape=cosine"]
    assert override(rl(), settings).rewards == RewardConfig(
        format=0.1, language=LanguageReward(name="zh"), length=LengthReward(shape="cosine")
    )
    with pytest.raises(ConfigError, match="language 'xx' is not known: choose one of ar, bg,"):
        override(rl(), ["rewards.language.name=xx"])


BREVITY = """
def brevity(completion, *, per=10):
    return 0.0 if completion.truncated else 1 - completion.tokens / (per * completion.limit)


def text(completion):
    return completion.text


def breaks(completion):
    return 1 / completion.tokens
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "mine.py").write_text(BREVITY)
    return f"{tmp_path}/mine.py"


def test_a_function_of_a_file_is_a_reward(place):
    setting = f'rewards.functions={{"{place}:brevity": {{"weight": 0.5, "options": {{"per": 2}}}}, "format": 0.25}}'
    config = override(rl(), [setting]).rewards
    assert config.functions[f"{place}:brevity"] == RewardTerm(weight=0.5, options={"per": 2})
    reward = build_rewards(config, find)(GradedText(RIGHT, TEXT, 5, 10))
    assert reward.parts == {"accuracy": 1.0, "format": 0.25, "brevity": 0.375}
    assert reward.total == 1.625


@pytest.mark.parametrize(
    ("name", "term", "message"),
    [
        ("brevty", 1.0, "no reward is called 'brevty'; choose one of accuracy, format, language, length"),
        ("{place}:nothing", 1.0, "has no function nothing"),
        ("{place}:text", 1.0, "returns ''; return a number"),
        ("{place}:breaks", 1.0, "breaks fails on an empty completion: ZeroDivisionError"),
        ("{place}:brevity", RewardTerm(options={"pre": 1}), "unexpected keyword argument 'pre'"),
        ("language", 1.0, "missing 1 required keyword-only argument: 'name'"),
    ],
)
def test_a_reward_that_cannot_be_is_refused_before_the_run(place, name, term, message):
    with pytest.raises(ConfigError, match=message):
        build_rewards(RewardConfig(functions={name.format(place=place): term}), find)


def test_two_rewards_of_one_name_are_refused(place, tmp_path):
    (tmp_path / "other.py").write_text("def brevity(completion):\n    return 0\n")
    functions = {f"{place}:brevity": 1.0, f"{tmp_path}/other.py:brevity": 1.0}
    with pytest.raises(ConfigError, match="two rewards are called 'brevity'"):
        build_rewards(RewardConfig(functions=functions), find)


class Generous(Begin):
    """Strictly the first character counts, leniently any."""

    def verify_lenient(self, item, completion):
        found = any(character.isdigit() for character in completion)
        return Verdict(float(found), found, False)


@pytest.mark.parametrize(
    ("text", "right", "lenient"), [(" 24 !", True, True), ("! 24", False, True), ("!", False, False)]
)
def test_both_readings_are_kept(text, right, lenient):
    one = grader(build())
    rewards = build_rewards(RewardConfig(accuracy=0.0, format=0.25))
    own = Grader(Generous(), one.sampler, tokenizer(), rewards=rewards)
    (item,) = list(Begin().items("train", limit=1))
    ids = (*tokenizer().encode(text), 1)
    graded = own.grade(item, Rollout((1,), ids, (0.0,) * len(ids), "stop"), 8)
    assert (graded.verdict.correct, graded.lenient, graded.reward) == (right, lenient, 0.25)


def test_the_task_s_own_reward_is_the_default():
    assert TASK_REWARD(GradedText(Verdict(0.3, False, True), "", 1, 2)).parts == {"accuracy": 0.3}


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _: float("nan"), r"the reward 'mine' returned nan for the completion 'abc'; return a finite number"),
        (lambda _: None, "the reward 'mine' returned None for the completion 'abc'"),
        (lambda _: "1", "the reward 'mine' returned '1'"),
        (
            lambda graded: graded.nothing,
            "the reward 'mine' raised AttributeError: .* for the completion 'abc'",
        ),
    ],
)
def test_a_reward_that_is_no_number_is_named_with_its_completion(function, message):
    graded = GradedText(Verdict(1.0, True, True), "abc", 1, 8)
    with pytest.raises(VerdictError, match=message):
        Rewards({"mine": (0.5, function)})(graded)
    assert Rewards({"mine": (0.5, lambda _: True)})(graded).total == 0.5
