"""Each estimator against numbers worked out by hand."""

import pytest
import torch

from fathom.base.errors import ConfigError
from fathom.train.rl.advantage import advantages, zero_variance

REWARDS = torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.5, 0.5]])
# means .5, .25, .5; deviations (divided by 3): sqrt(4 · .25 / 3) = .577350, sqrt((.5625 + 3 · .0625) / 3) = .5, 0
TABLE = {
    "dr_grpo": [[0.5, -0.5, -0.5, 0.5], [0.75, -0.25, -0.25, -0.25], [0.0] * 4],
    # .5 / .577450 = .865876; .75 / .5001 = 1.499700; -.25 / .5001 = -.499900
    "grpo": [
        [0.865876, -0.865876, -0.865876, 0.865876],
        [1.499700, -0.499900, -0.499900, -0.499900],
        [0.0] * 4,
    ],
    # 1 - (0 + 0 + 1)/3 = 2/3; 0 - (1 + 0 + 1)/3 = -2/3; 1 - 0 = 1; 0 - 1/3
    "rloo": [
        [0.666667, -0.666667, -0.666667, 0.666667],
        [1.0, -0.333333, -0.333333, -0.333333],
        [0.0] * 4,
    ],
    # the mean of all twelve is (2 + 1 + 2) / 12 = .416667
    "batch": [
        [0.583333, -0.416667, -0.416667, 0.583333],
        [0.583333, -0.416667, -0.416667, -0.416667],
        [0.083333] * 4,
    ],
}


@pytest.mark.parametrize("estimator", TABLE)
def test_the_hand_computed_table(estimator):
    expected = torch.tensor(TABLE[estimator])
    torch.testing.assert_close(advantages(REWARDS, estimator), expected, atol=1e-6, rtol=0)


def test_only_groups_of_one_mind_have_zero_variance():
    assert zero_variance(REWARDS).tolist() == [False, False, True]


@pytest.mark.parametrize("estimator", ["grpo", "dr_grpo", "rloo"])
def test_a_group_of_one_is_refused_with_a_remedy(estimator):
    with pytest.raises(ConfigError, match="sample at least 2"):
        advantages(torch.ones(3, 1), estimator)


def test_one_completion_a_prompt_suffices_for_the_batch_baseline():
    assert advantages(torch.tensor([[1.0], [0.0]]), "batch").tolist() == [[0.5], [-0.5]]


def test_a_group_that_agrees_to_the_last_bit_gives_no_advantage_through_rounding():
    tenths = torch.full((1, 7), 0.1)
    assert advantages(tenths, "grpo").abs().max() < 1e-3
