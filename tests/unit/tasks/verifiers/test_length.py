import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.verifiers.length import cosine_reward, soft_overlong


@pytest.mark.parametrize(
    ("length", "reward"), [(0, 0.0), (16384, 0.0), (16385, -1 / 4096), (18432, -0.5), (20480, -1.0), (99999, -1.0)]
)
def test_soft_overlong_with_the_paper_s_numbers(length: int, reward: float) -> None:
    assert soft_overlong(length, maximum=20480, cache=4096) == reward


@pytest.mark.parametrize(
    ("length", "correct", "reward"),
    [
        (0, True, 1.0),
        (50, True, 0.75),
        (25, True, 0.75 + 0.25 * 2**-0.5),
        (0, False, -0.5),
        (50, False, -0.25),
        (100, True, -0.5),
        (100, False, -0.5),
    ],
)
def test_cosine(length: int, correct: bool, reward: float) -> None:
    assert cosine_reward(length, correct, maximum=100) == pytest.approx(reward)


def test_a_right_answer_is_worth_more_than_a_wrong_one_of_any_length() -> None:
    assert min(cosine_reward(n, True, maximum=100) for n in range(100)) > max(
        cosine_reward(n, False, maximum=100) for n in range(100)
    )


def test_lengths_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="a cache of 30 tokens does not fit 20"):
        soft_overlong(1, maximum=20, cache=30)
    with pytest.raises(ConfigError, match="a maximum of 0 tokens leaves no room"):
        cosine_reward(1, True, maximum=0)
