from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from fathom.base.errors import CheckpointError, ConfigError
from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig
from fathom.optim.optimizers import Optimizers, build_optimizers, clip_gradients

MUON = OptimConfig(muon=MuonConfig(lr=0.01))


def loss_of(model: Transformer, seed: int) -> torch.Tensor:
    tokens = torch.randint(0, 512, (2, 9), generator=torch.Generator().manual_seed(seed))
    return nn.functional.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())


def advance(model: Transformer, optimizers: Optimizers, steps: range) -> None:
    for step in steps:
        optimizers.zero_grad()
        loss_of(model, step).backward()
        optimizers.step(1 / (1 + step))


def small() -> Transformer:
    torch.manual_seed(0)
    return Transformer(preset("tiny-deepseek-v3"))


@pytest.mark.parametrize("config", [OptimConfig(), MUON], ids=["adamw", "muon"])
def test_a_resumed_optimizer_moves_bit_for_bit_like_one_that_went_on(config: OptimConfig) -> None:
    straight = small()
    optimizers = build_optimizers(straight, config)
    advance(straight, optimizers, range(2))
    resumed = copy.deepcopy(straight)
    state = copy.deepcopy(optimizers.state_dict())
    advance(straight, optimizers, range(2, 4))

    second = build_optimizers(resumed, config)
    second.load_state_dict(state)
    advance(resumed, second, range(2, 4))
    for name, weight in straight.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_adamw_by_hand() -> None:
    """The first update of Adam moves by the rate, against the sign of the gradient; decay takes lr·wd·w."""
    linear = nn.Linear(2, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, -2.0]]))
        linear.bias.fill_(3.0)
    linear.weight.grad, linear.bias.grad = torch.tensor([[0.5, -0.1]]), torch.tensor([0.2])
    config = OptimConfig(adamw=AdamWConfig(lr=0.1, weight_decay=0.5), clip=None)
    norm = build_optimizers(linear, config).step(factor=0.5)
    assert norm == pytest.approx(math.sqrt(0.25 + 0.01 + 0.04))
    assert linear.weight.detach().flatten().tolist() == pytest.approx([1 - 0.025 - 0.05, -2 + 0.05 + 0.05])
    assert linear.bias.item() == pytest.approx(3 - 0.05)  # a vector: not decayed


def test_rates_by_group() -> None:
    config = OptimConfig(adamw=AdamWConfig(lr=0.1, embedding_lr=0.2), muon=MuonConfig(lr=0.3))
    optimizers = build_optimizers(small(), config)
    optimizers.step(0.5)
    rates = {name: [group["lr"] for group in part.param_groups] for name, part in optimizers.parts.items()}
    assert rates == {"muon": [pytest.approx(0.15)], "adamw": [pytest.approx(0.1), pytest.approx(0.05)]}


def test_a_gradient_that_is_no_number_moves_nothing() -> None:
    model = small()
    before = copy.deepcopy(model.state_dict())
    optimizers = build_optimizers(model, MUON)
    loss_of(model, 0).backward()
    assert model.norm.weight.grad is not None
    model.norm.weight.grad[3] = math.inf
    assert optimizers.step() == math.inf
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_a_state_of_other_parameters_is_refused() -> None:
    optimizers = build_optimizers(small(), MUON)
    with pytest.raises(CheckpointError, match="is that of adamw, not of muon, adamw"):
        optimizers.load_state_dict(build_optimizers(small(), OptimConfig()).state_dict())
    with pytest.raises(CheckpointError, match="the state of muon belongs to other parameters"):
        optimizers.load_state_dict(build_optimizers(Transformer(preset("tiny-llama")), MUON).state_dict())


def test_a_frozen_model_cannot_be_trained() -> None:
    with pytest.raises(ConfigError, match="no parameter requires a gradient"):
        build_optimizers(nn.Linear(1, 1).requires_grad_(False), MUON)
    with pytest.raises(ConfigError, match="no parameter requires a gradient"):
        build_optimizers(nn.Linear(1, 1).requires_grad_(False), OptimConfig())


def test_stacks_and_vectors_alone_need_no_adamw_and_no_muon() -> None:
    assert list(build_optimizers(nn.Linear(2, 2, bias=False), MUON).parts) == ["muon"]
    assert list(build_optimizers(nn.LayerNorm(2), MUON).parts) == ["adamw"]


def with_gradients(*gradients: list[float]) -> list[nn.Parameter]:
    parameters = []
    for gradient in gradients:
        parameter = nn.Parameter(torch.zeros(len(gradient)))
        parameter.grad = torch.tensor(gradient)
        parameters.append(parameter)
    return parameters


def test_gradients_beyond_the_bound_are_scaled_to_it() -> None:
    parameters = with_gradients([3.0], [0.0, 4.0])
    assert clip_gradients(parameters, 1.0).item() == 5.0
    gradients = [gradient for p in parameters if p.grad is not None for gradient in p.grad.tolist()]
    assert [round(gradient, 6) for gradient in gradients] == [0.6, 0.0, 0.8]


def test_within_the_bound_or_without_one_nothing_changes() -> None:
    for bound in (5.0, None):
        parameters = with_gradients([3.0], [4.0])
        assert clip_gradients(parameters, bound).item() == 5.0
        assert parameters[0].grad == torch.tensor([3.0])


def test_a_broken_gradient_stays_where_it_is() -> None:
    parameters = with_gradients([math.nan], [4.0])
    assert clip_gradients(parameters, 1.0).isnan()
    assert parameters[1].grad == torch.tensor([4.0])


def test_no_gradients_have_norm_zero() -> None:
    assert clip_gradients([nn.Parameter(torch.ones(2))], 1.0) == 0
