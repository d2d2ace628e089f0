from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.model.config import MoEConfig
from fathom.model.init import initialize
from fathom.model.moe import MoE
from fathom.model.router import Routing

CONFIG = MoEConfig(
    num_experts=8,
    experts_per_token=3,
    num_shared_experts=2,
    intermediate_size=24,
    scoring="sigmoid",
    selection="noaux_tc",
    num_groups=4,
    topk_groups=2,
    normalize=True,
    routed_scaling_factor=2.5,
)
WIDTH = 16


def build(config: MoEConfig = CONFIG) -> MoE:
    moe = MoE(WIDTH, config)
    initialize(moe, 0.3, torch.Generator().manual_seed(0))
    return moe


def dense(moe: MoE, x: Tensor) -> Tensor:
    """Every expert computes every token, and the weights choose: the definition (V3 eq. 12), at E/K times the cost."""
    flat = x.flatten(0, 1)
    routing = moe.router(flat)
    weights = torch.zeros_like(routing.scores).scatter(1, routing.experts, routing.weights)
    inner = F.silu(torch.einsum("nd,eid->nei", flat, moe.experts.gate))
    inner = inner * torch.einsum("nd,eid->nei", flat, moe.experts.up)
    out = torch.einsum("nei,edi,ne->nd", inner, moe.experts.down, weights).view_as(x)
    return out if moe.shared is None else out + moe.shared(x)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 7), (4, 64)])
@pytest.mark.parametrize("shared", [0, 2])
def test_sorted_experts_equal_the_definition(shape: tuple[int, int], shared: int) -> None:
    moe = build(CONFIG.model_copy(update={"num_shared_experts": shared}))
    x = torch.randn(*shape, WIDTH, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(moe(x), dense(moe, x))
    with torch.no_grad():  # experts are selected in another way where no gradient is asked for
        torch.testing.assert_close(moe(x), dense(moe, x))


def test_gradients_equal_those_of_the_definition() -> None:
    moe = build()
    x = torch.randn(2, 5, WIDTH, generator=torch.Generator().manual_seed(1), requires_grad=True)
    inputs = [x, *moe.parameters()]
    ours = torch.autograd.grad(moe(x).square().sum(), inputs)
    expected = torch.autograd.grad(dense(moe, x).square().sum(), inputs)
    for gradient, reference in zip(ours, expected, strict=True):
        torch.testing.assert_close(gradient, reference, atol=1e-4, rtol=1e-4)


def test_idle_experts_get_zero_gradient() -> None:
    moe = build()
    moe(torch.ones(1, 1, WIDTH)).sum().backward()
    assert moe.experts.gate.grad is not None
    used = moe.router(torch.ones(1, WIDTH)).experts[0].tolist()
    touched = [e for e in range(8) if moe.experts.gate.grad[e].abs().sum() > 0]
    assert touched == sorted(used)


def test_the_order_of_tokens_does_not_matter() -> None:
    moe = build()
    x = torch.randn(1, 32, WIDTH, generator=torch.Generator().manual_seed(1))
    order = torch.randperm(32, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(moe(x)[:, order], moe(x[:, order]))


def test_the_sum_over_experts_is_taken_in_float32() -> None:
    """256 + 1 - 256 is 0 when each step rounds to bfloat16."""
    moe = MoE(
        1, MoEConfig(num_experts=3, experts_per_token=3, intermediate_size=1, scoring="softmax", selection="greedy")
    )
    with torch.no_grad():
        moe.experts.gate.fill_(100.0)
        moe.experts.up.fill_(0.01)
        moe.experts.down.copy_(torch.tensor([256.0, 1.0, -256.0]).view(3, 1, 1))
    moe = moe.bfloat16()
    routing = Routing(torch.tensor([[0, 1, 2]]), torch.ones(1, 3), torch.ones(1, 3))
    out = moe.experts(torch.ones(1, 1, dtype=torch.bfloat16), routing)
    assert out.dtype == torch.bfloat16
    assert out.item() == pytest.approx(1.0, rel=0.02)


def test_a_hook_on_the_router_sees_the_decisions() -> None:
    moe = build()
    seen: list[Routing] = []
    moe.router.register_forward_hook(lambda _module, _inputs, routing: seen.append(routing))
    moe(torch.randn(2, 3, WIDTH, generator=torch.Generator().manual_seed(1)))
    assert [tuple(part.shape) for part in seen[0]] == [(6, 3), (6, 3), (6, 8)]


def test_under_autocast_products_are_bfloat16_and_gradients_float32() -> None:
    moe = build()
    x = torch.randn(2, 5, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = moe(x)
    torch.testing.assert_close(out.float(), dense(moe, x), atol=0.3, rtol=0.05)
    out.float().square().sum().backward()
    assert {parameter.grad.dtype for parameter in moe.parameters() if parameter.grad is not None} == {torch.float32}
