from __future__ import annotations

import math

import pytest
import torch

from fathom.model.moe import MoE
from fathom.model.presets import preset
from fathom.model.router import Router
from fathom.model.transformer import Transformer
from fathom.train.components.balance import Balance, entropy, sequence_loss, violation

KEEP = torch.ones(2, 2, dtype=torch.bool)
EXPERTS = torch.tensor([[0], [0], [0], [1]])  # two rows of two tokens, one expert each
SCORES = torch.tensor([[0.6, 0.2], [0.3, 0.1], [0.5, 0.5], [0.2, 0.6]])


def test_the_sequence_wise_loss_by_hand() -> None:
    """Row 1: f = (2, 0), P = (.75, .25), Σ = 1.5. Row 2: f = (1, 1), P = (.375, .625), Σ = 1."""
    assert sequence_loss(EXPERTS, SCORES, KEEP).item() == pytest.approx(2.5)


def test_padding_counts_nowhere() -> None:
    """Without its last token row 2 has f = (2, 0), P = (.5, .5)."""
    keep = torch.tensor([[True, True], [True, False]])
    assert sequence_loss(EXPERTS, SCORES, keep).item() == pytest.approx(1.5 + 1.0)
    assert sequence_loss(EXPERTS, SCORES, torch.zeros_like(keep)).item() == 0


def test_two_experts_a_token() -> None:
    """E = 3, K = 2, T = 2: f = 3/(2·2)·(2, 1, 1) = (1.5, .75, .75), P = (.5, .3, .2), Σ = 1.125."""
    experts = torch.tensor([[0, 1], [2, 0]])
    scores = torch.tensor([[0.5, 0.4, 0.1], [0.5, 0.2, 0.3]])
    loss = sequence_loss(experts, scores, torch.ones(1, 2, dtype=torch.bool))
    assert loss.item() == pytest.approx(1.125)


def test_its_gradient_pushes_the_busy_expert_down() -> None:
    scores = SCORES.clone().requires_grad_()
    sequence_loss(EXPERTS, scores, KEEP).backward()
    assert scores.grad is not None
    assert scores.grad[0, 0] > 0 > scores.grad[0, 1]


def test_violation_and_entropy_by_hand() -> None:
    assert violation(torch.tensor([3, 1, 0, 0])) == 2.0
    assert violation(torch.tensor([5, 5])) == 0.0
    assert violation(torch.tensor([0, 0])) == 0.0
    assert entropy(torch.tensor([[0.4, 0.4]])).item() == pytest.approx(1.0)
    assert entropy(torch.tensor([[0.9, 0.0]])).item() == pytest.approx(0.0)
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)) / math.log(2)
    assert entropy(torch.tensor([[0.3, 0.1]])).item() == pytest.approx(expected)


def routed() -> MoE:
    config = preset("tiny-deepseek-v3").moe
    assert config is not None
    torch.manual_seed(0)
    moe = MoE(128, config)
    for parameter in moe.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    return moe


def test_the_bias_moves_against_the_load() -> None:
    moe = routed()
    balance = Balance(moe)
    with balance.watch(torch.ones(4, 16, dtype=torch.bool)):
        moe(torch.randn(4, 16, 128))
    statistics = balance.statistics()
    assert statistics is not None
    loads = torch.tensor(statistics.loads["router"])
    assert loads.sum() == 4 * 16 * 3
    assert statistics.violation == pytest.approx(violation(loads))
    assert statistics.dead == int((loads == 0).sum())
    balance.update(0.001)
    bias = moe.router.bias
    assert bias is not None
    assert torch.equal(bias, 0.001 * torch.sign(12.0 - loads))
    assert balance.statistics() is None


def test_updates_balance_a_skewed_router() -> None:
    moe = routed()
    x = torch.randn(4, 64, 128) + 3.0  # what all tokens share, some experts like
    balance = Balance(moe)
    violations = []
    for _ in range(300):
        with balance.watch(torch.ones(4, 64, dtype=torch.bool)), torch.no_grad():
            moe(x)
        statistics = balance.statistics()
        assert statistics is not None
        violations.append(statistics.violation)
        balance.update(0.01)
    assert violations[0] > 1.0
    assert sum(violations[-10:]) / 10 < violations[0] / 3


def test_speed_zero_freezes_the_bias() -> None:
    moe = routed()
    balance = Balance(moe)
    with balance.watch(torch.ones(1, 4, dtype=torch.bool)):
        moe(torch.randn(1, 4, 128))
    balance.update(0.0)
    assert moe.router.bias is not None
    assert moe.router.bias.abs().max() == 0


def test_routing_is_observed_only_within_watch() -> None:
    model = Transformer(preset("tiny-deepseek-v3"))
    balance = Balance(model)
    tokens = torch.zeros(1, 4, dtype=torch.long)
    model(tokens)
    assert balance.statistics() is None
    with balance.watch(torch.ones(1, 4, dtype=torch.bool), statistics=True):
        model(tokens)
    statistics = balance.statistics()
    assert statistics is not None
    assert list(statistics.loads) == ["layers.1.mlp.router", "layers.2.mlp.router"]
    assert 0 < statistics.entropy <= 1
    balance.close()
    with balance.watch(torch.ones(1, 4, dtype=torch.bool)):
        model(tokens)
    assert balance.loss() == 0


def test_a_dense_model_has_nothing_to_balance() -> None:
    balance = Balance(torch.nn.Linear(2, 2))
    with balance.watch(KEEP):
        pass
    assert balance.loss() == 0
    balance.update(0.001)
    assert balance.statistics() is None


def test_routers_score_in_float32_under_autocast() -> None:
    moe = routed()
    seen = []
    moe.router.register_forward_hook(lambda _module, _inputs, routing: seen.append(routing.scores))
    x = torch.randn(1, 4, 128)
    moe(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        moe(x)
    assert isinstance(moe.router, Router)
    assert torch.equal(seen[0], seen[1])
