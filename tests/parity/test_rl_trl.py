"""Our losses beside trl's own code for them. Runs where trl is installed; what it answered stands here as numbers.

trl keeps its losses inside the trainer, so a stand-in trainer lends its method the few attributes that it reads.
"""

from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch

from fathom.train.rl.advantage import grpo
from fathom.train.rl.loss import PolicyLossConfig, policy_loss

N, T, LIMIT = 4, 5, 8
MASK = torch.arange(T)[None] < torch.tensor([5, 3, 1, 4])[:, None]
ADVANTAGES = torch.tensor([1.2, -0.7, 0.4, -0.9], dtype=torch.float64)


def table(shift):
    """Numbers that need no generator: the same with every version of torch."""
    places = torch.arange(N * T, dtype=torch.float64).view(N, T)
    return -1.5 + 0.6 * torch.sin(1.7 * places + shift)


NEW, OLD, REFERENCE = table(0.0), table(0.3), table(0.9)

CASES = {
    # ours, what trl calls it, its answer (trl 1.16.0)
    "grpo": (
        PolicyLossConfig(normalization="sequence", clip_high=0.2),
        {"loss_type": "grpo"},
        0.011577649086880,
    ),
    "grpo with kl": (
        PolicyLossConfig(normalization="sequence", clip_high=0.2, kl_coefficient=0.04),
        {"loss_type": "grpo", "beta": 0.04},
        0.014034446251387,
    ),
    "dapo": (PolicyLossConfig(), {"loss_type": "dapo", "epsilon_high": 0.28}, -0.036545608584545),
    "dr_grpo": (
        PolicyLossConfig(normalization="constant", clip_high=0.2, length_limit=LIMIT),
        {"loss_type": "dr_grpo"},
        -0.014846653487471,
    ),
    "gspo": (
        PolicyLossConfig(ratio="sequence", normalization="sequence", clip_low=0.05, clip_high=0.1),
        {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon_low": 0.05, "epsilon_high": 0.1},
        0.010545678350733,
    ),
    # trl's bound is on the ratio itself, ours says how far above 1 it lies
    "cispo": (
        PolicyLossConfig(objective="cispo", clip_high=0.1),
        {"loss_type": "cispo", "epsilon_high": 1.1},
        0.038599056305820,
    ),
}


def ours(case):
    config = CASES[case][0]
    logprobs = NEW.clone().requires_grad_()
    loss = policy_loss(logprobs, OLD, ADVANTAGES, MASK, REFERENCE, config=config).value
    loss.backward()
    return loss.item(), logprobs.grad


def _same(tensor):
    return tensor


def theirs(case):
    grpo_trainer = pytest.importorskip("trl.trainer.grpo_trainer")
    settings = {"epsilon_low": 0.2, "epsilon_high": 0.2, "beta": 0.0, "importance_sampling_level": "token"}
    logprobs = NEW.clone().requires_grad_()
    stand_in = SimpleNamespace(
        **(settings | CASES[case][1]),
        _get_per_token_logps_and_entropies=lambda *_args, **_named: (logprobs, torch.zeros(N, T), None),
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        args=SimpleNamespace(use_bias_correction_kl=False, delta=None, steps_per_generation=1),
        use_vllm=False,
        model=SimpleNamespace(training=True),
        current_gradient_accumulation_steps=1,
        max_completion_length=LIMIT,
        accelerator=SimpleNamespace(
            num_processes=1, gather=_same, reduce=lambda tensor, **_: tensor, gather_for_metrics=_same
        ),
        use_adaptive_entropy=False,
        _entropy_bonus_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
    )
    inputs = {
        "prompt_ids": torch.zeros(N, 1, dtype=torch.int64),
        "prompt_mask": torch.ones(N, 1, dtype=torch.int64),
        "completion_ids": torch.zeros(N, T, dtype=torch.int64),
        "completion_mask": MASK.long(),
        "advantages": ADVANTAGES,
        "old_per_token_logps": OLD,
        "ref_per_token_logps": REFERENCE,
        "num_items_in_batch": MASK.sum(),
    }
    loss = grpo_trainer.GRPOTrainer._compute_loss(stand_in, None, inputs)
    loss.backward()
    return loss.item(), logprobs.grad


@pytest.mark.parametrize("case", CASES)
def test_the_loss_is_trls(case):
    assert ours(case)[0] == pytest.approx(CASES[case][2], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_trl_itself_gives_this_loss_and_gradient(case):
    value, gradient = theirs(case)
    assert value == pytest.approx(CASES[case][2], abs=1e-9)
    torch.testing.assert_close(ours(case)[1], gradient, atol=1e-12, rtol=1e-9)


def test_advantages_are_trls():
    rewards = torch.tensor([[1.0, 0.0, 0.5, 0.0], [0.2, 0.9, 0.9, 0.9]])
    # (r - mean) / (std + 1e-4), std dividing by G - 1, as trl computes "group" scaling
    expected = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
    torch.testing.assert_close(grpo(rewards), expected)
