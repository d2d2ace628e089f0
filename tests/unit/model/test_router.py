from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fathom.model.config import MoEConfig
from fathom.model.router import Router, route


def moe(**parts: Any) -> MoEConfig:
    sizes = {"num_experts": 8, "experts_per_token": 2, "intermediate_size": 32}
    defaults = {"scoring": "softmax", "selection": "greedy"}
    return MoEConfig.model_validate({**sizes, **defaults, **parts})


@st.composite
def configurations(draw: st.DrawFn) -> MoEConfig:
    groups = draw(st.sampled_from([1, 2, 4, 8]))
    size = draw(st.sampled_from([1, 2, 4]))
    kept = draw(st.integers(1, groups))
    return moe(
        num_experts=groups * size,
        num_groups=groups,
        topk_groups=kept,
        experts_per_token=draw(st.integers(1, kept * size)),
        scoring=draw(st.sampled_from(["softmax", "sigmoid"])),
        selection=draw(st.sampled_from(["greedy", "group_limited_greedy", "noaux_tc"])),
        normalize=draw(st.booleans()),
        routed_scaling_factor=draw(st.sampled_from([1.0, 2.5, 16.0])),
    )


def draw_logits(config: MoEConfig, seed: int, rows: int = 16) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(rows, config.num_experts, generator=generator)
    bias = torch.randn(config.num_experts, generator=generator) if config.selection == "noaux_tc" else None
    return logits, bias


@given(config=configurations(), seed=st.integers(0, 2**31))
def test_experts_are_distinct_and_from_few_groups(config: MoEConfig, seed: int) -> None:
    logits, bias = draw_logits(config, seed)
    routing = route(logits, config, bias)
    per_group = config.num_experts // config.num_groups
    for row in routing.experts.tolist():
        assert len(set(row)) == config.experts_per_token
        assert all(0 <= expert < config.num_experts for expert in row)
        if config.selection != "greedy":
            assert len({expert // per_group for expert in row}) <= config.topk_groups


@given(config=configurations(), seed=st.integers(0, 2**31))
def test_weights_are_unbiased_scores(config: MoEConfig, seed: int) -> None:
    logits, bias = draw_logits(config, seed)
    routing = route(logits, config, bias)
    scores = logits.sigmoid() if config.scoring == "sigmoid" else logits.softmax(-1)
    torch.testing.assert_close(routing.scores, scores)
    weights = scores.gather(1, routing.experts) * config.routed_scaling_factor
    if config.normalize:
        weights = weights / scores.gather(1, routing.experts).sum(1, keepdim=True)
        total = routing.weights.sum(1)
        torch.testing.assert_close(total, torch.full_like(total, config.routed_scaling_factor))
    torch.testing.assert_close(routing.weights, weights)


@given(config=configurations(), seed=st.integers(0, 2**31))
def test_the_choice_is_the_best_of_the_best_groups(config: MoEConfig, seed: int) -> None:
    """Against the definition, spelled out with sorted lists."""
    logits, bias = draw_logits(config, seed, rows=4)
    routing = route(logits, config, bias)
    choice = routing.scores if bias is None else routing.scores + bias
    per_group = config.num_experts // config.num_groups
    best = 2 if config.selection == "noaux_tc" else 1
    for row, chosen in zip(choice.tolist(), routing.experts.tolist(), strict=True):
        groups = [sorted(row[g * per_group : (g + 1) * per_group]) for g in range(config.num_groups)]
        strongest = sorted(range(config.num_groups), key=lambda g: -sum(groups[g][-best:]))
        kept = strongest[: config.num_groups if config.selection == "greedy" else config.topk_groups]
        reachable = [e for e in range(config.num_experts) if e // per_group in kept]
        assert set(chosen) == set(sorted(reachable, key=lambda e: -row[e])[: config.experts_per_token])


def test_the_bias_moves_the_selection_and_not_the_weights() -> None:
    config = moe(scoring="sigmoid", selection="noaux_tc", num_groups=1)
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0, -2.0, -3.0, -4.0, -5.0]])
    plain = route(logits, config, torch.zeros(8))
    assert sorted(plain.experts[0].tolist()) == [0, 1]
    bias = torch.tensor([0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    biased = route(logits, config, bias)
    assert sorted(biased.experts[0].tolist()) == [0, 7]
    expected = {0: torch.tensor(2.0).sigmoid().item(), 7: torch.tensor(-5.0).sigmoid().item()}
    assert dict(zip(biased.experts[0].tolist(), biased.weights[0].tolist(), strict=True)) == pytest.approx(expected)


def test_two_good_experts_outweigh_one_excellent() -> None:
    """noaux_tc scores a group by its best two, group_limited_greedy by its best one."""
    logits = torch.tensor([[4.0, -9.0, 2.0, 2.0]])
    sizes = {"num_experts": 4, "num_groups": 2, "topk_groups": 1, "experts_per_token": 1, "scoring": "sigmoid"}
    assert route(logits, moe(selection="group_limited_greedy", **sizes)).experts.item() == 0
    assert route(logits, moe(selection="noaux_tc", **sizes), torch.zeros(4)).experts.item() in (2, 3)


def test_a_negative_bias_never_leads_out_of_the_kept_groups() -> None:
    config = moe(num_experts=4, num_groups=2, topk_groups=1, scoring="sigmoid", selection="noaux_tc")
    bias = torch.tensor([-5.0, -5.0, -9.0, -9.0])
    assert sorted(route(torch.zeros(1, 4), config, bias).experts[0].tolist()) == [0, 1]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_bias_stays_float32(dtype: torch.dtype) -> None:
    router = Router(8, moe(scoring="sigmoid", selection="noaux_tc"))
    assert router.bias is not None
    router.bias.fill_(0.1234567)
    router = router.to(dtype)
    assert router.weight.dtype == dtype
    assert router.bias.dtype == torch.float32
    assert torch.equal(router.bias, torch.full((8,), 0.1234567))


def test_only_noaux_tc_has_a_bias() -> None:
    assert list(Router(8, moe()).state_dict()) == ["weight"]
    assert list(Router(8, moe(selection="noaux_tc")).state_dict()) == ["weight", "bias"]


def test_half_precision_routes_in_float32() -> None:
    router = Router(64, moe()).bfloat16()
    with torch.no_grad():
        router.weight.normal_(generator=torch.Generator().manual_seed(0))
    x = torch.randn(32, 64, generator=torch.Generator().manual_seed(1)).bfloat16()
    routing = router(x)
    assert routing.weights.dtype == torch.float32
    exact = route(x.float() @ router.weight.float().T, router.config)
    assert torch.equal(routing.experts, exact.experts)
    torch.testing.assert_close(routing.weights, exact.weights)
