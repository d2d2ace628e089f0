"""The row kernels of training beside the plain forms that the model falls back to, in float64: values and gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from threads import on_threads
from torch import Tensor

from fathom.kernels.cross_entropy import cross_entropy, softmax_
from fathom.kernels.norm import rms_norm
from fathom.kernels.swiglu import swiglu
from fathom.model.config import RopeConfig
from fathom.model.grouped import Order
from fathom.model.mlp import MLP
from fathom.model.norm import RMSNorm
from fathom.model.rope import Rope, Rotation

pytestmark = pytest.mark.usefixtures("kernels")

PRECISIONS = [(torch.float32, 2e-6), (torch.bfloat16, 2e-2)]


def random(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).to(dtype)


def compare(function, inputs: list[Tensor], tolerance: float) -> None:
    """``function`` of these and of the same numbers in float64, which no kernel serves: outputs, then gradients."""
    found, wanted = (_evaluate(function, given) for given in (inputs, [x.double() for x in inputs]))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=tolerance, atol=tolerance)


def _evaluate(function, inputs: list[Tensor]) -> list[Tensor]:
    leaves = [x.detach().requires_grad_() for x in inputs]
    out = function(*leaves)
    outs = list(out) if isinstance(out, tuple) else [out]
    weights = [torch.linspace(-1, 1, x.numel(), dtype=torch.float64).view(x.shape).to(x.dtype) for x in outs]
    return [*outs, *torch.autograd.grad(outs, leaves, weights)]


def rotation(length: int, rotary: int, interleaved: bool, rows: int = 1) -> Rotation:
    positions = torch.arange(length * rows).view(rows, length)
    return Rope(RopeConfig(theta=100.0, interleaved=interleaved), rotary).rotation(positions)


def doubled(turn: Rotation, x: Tensor) -> Rotation:
    return turn if x.dtype != torch.float64 else Rotation(turn.cos.double(), turn.sin.double(), turn.interleaved)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("shape", [(3, 5, 24), (130, 16), (1, 1), (65, 100)])
def test_norm(shape, dtype, tolerance) -> None:
    def function(x: Tensor, weight: Tensor) -> Tensor:
        norm = RMSNorm(shape[-1], 1e-5)
        del norm.weight
        norm.weight = weight
        return norm(x)

    compare(function, [random(*shape, dtype=dtype), random(shape[-1]) + 1], tolerance * 40)  # the weight's is a sum


def test_a_norm_rounds_to_what_is_asked_for() -> None:
    norm = RMSNorm(8, 1e-6)
    x = random(4, 8)
    assert norm(x, torch.bfloat16).dtype == torch.bfloat16
    assert torch.equal(norm(x, torch.bfloat16), norm(x).bfloat16())
    with torch.no_grad():  # the plain form
        assert torch.allclose(norm(x, torch.bfloat16), norm(x).bfloat16())


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 32), (2, 5, 100), (0, 32)])
def test_gate(shape, dtype, tolerance) -> None:
    compare(swiglu, [random(*shape, dtype=dtype) * 4], tolerance * 4)


def test_a_gate_of_extremes_is_finite() -> None:
    joined = torch.tensor([[-1e30, -200.0, 200.0, 1e30, 1.0, 1.0, 1.0, 1.0]], requires_grad=True)
    out = swiglu(joined)
    out.sum().backward()
    assert out[0].tolist() == pytest.approx([0.0, 0.0, 200.0, 1e30], rel=1e-6, abs=1e-7)
    assert joined.grad is not None
    assert torch.isfinite(joined.grad).all()


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize(("nope", "rows"), [(0, 1), (5, 2), (32, 1)])
def test_turn(nope, rows, interleaved, dtype, tolerance) -> None:
    turn = rotation(7, 8, interleaved, rows)
    x = random(2, 7, 3, nope + 8, dtype=dtype)
    compare(lambda x: doubled(turn, x).apply(x), [x], tolerance * 4)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("interleaved", [True, False])
def test_keys(interleaved, dtype, tolerance) -> None:
    turn = rotation(7, 8, interleaved)
    expanded, joined = random(2, 7, 3, 20 + 12, dtype=dtype), random(2, 7, 24, dtype=dtype)

    def function(expanded: Tensor, joined: Tensor) -> tuple[Tensor, Tensor]:
        return doubled(turn, expanded).keys(expanded, joined[..., 16:], 12)  # a view, as kv_down's rope is

    compare(function, [expanded, joined], tolerance * 8)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
def test_rows_go_to_experts_and_come_back(dtype, tolerance) -> None:
    order = Order(torch.tensor([[2, 0], [2, 1], [0, 2], [1, 0]]), 4)
    x, weights = random(4, 40, dtype=dtype), random(4, 2).abs()

    def function(x: Tensor, weights: Tensor) -> Tensor:
        return order.combine(order.spread(x) * 3, weights)

    compare(function, [x, weights], tolerance * 40)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("vocab", [5, 64, 100])
def test_cross_entropy(vocab, dtype, tolerance) -> None:
    targets = torch.tensor([0, vocab - 1, 3])

    def function(logits: Tensor) -> Tensor:
        return cross_entropy(logits, targets)

    compare(function, [random(3, vocab, dtype=dtype) * 9], tolerance * 8)


def test_without_a_gradient_the_plain_forms_serve() -> None:
    x = random(2, 4)
    assert swiglu.select(x) is not None
    assert swiglu.select(x.double()) is None
    with torch.no_grad():
        assert swiglu.select(x) is None


def test_results_do_not_depend_on_threads() -> None:
    x, weight = random(301, 40), random(40)
    found = []
    for count in (1, 2):
        with on_threads(count):
            found.append(_evaluate(lambda x, w: rms_norm(x, w, 1e-6, torch.float32), [x, weight]))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_joined_weights_of_a_gated_network_have_their_own_gradients() -> None:
    network = MLP(6, 10)
    x = random(3, 6)
    network(x).square().sum().backward()
    plain = network.down(F.silu(network.gate(x)) * network.up(x)).square().sum()
    wanted = torch.autograd.grad(plain, [network.gate.weight, network.up.weight, network.down.weight])
    for part, gradient in zip((network.gate, network.up, network.down), wanted, strict=True):
        torch.testing.assert_close(part.weight.grad, gradient)


@pytest.mark.parametrize(("dtype", "tolerance"), PRECISIONS)
@pytest.mark.parametrize("vocab", [5, 64, 100])
def test_softmax_in_place(vocab, dtype, tolerance) -> None:
    logits, targets = random(3, vocab, dtype=dtype) * 9, torch.tensor([0, vocab - 1, 3])
    expected = (logits.double() / 0.7).log_softmax(-1)
    logprobs, entropies = softmax_(logits, targets, temperature=0.7, less=1.0, entropy=True)
    wanted = expected.exp() - F.one_hot(targets, vocab)
    torch.testing.assert_close(logits.double(), wanted, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(logprobs.double(), expected.gather(1, targets[:, None])[:, 0], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(entropies.double(), -(expected.exp() * expected).sum(-1), rtol=1e-5, atol=1e-5)
