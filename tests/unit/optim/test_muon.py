from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fathom.base.errors import ConfigError
from fathom.optim.config import MuonConfig
from fathom.optim.muon import Muon, orthogonalize, scale


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def quintic(s: float, iterations: int = 5) -> float:
    for _ in range(iterations):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return s


def test_singular_values_go_through_the_quintic_and_directions_stay() -> None:
    matrices = random(3, 8, 20)
    u, s, vt = torch.linalg.svd(matrices, full_matrices=False)
    s = s / s.square().sum(-1, keepdim=True).sqrt()
    expected = u @ torch.diag_embed(s.clone().apply_(quintic)) @ vt
    torch.testing.assert_close(orthogonalize(matrices), expected, atol=2e-5, rtol=1e-4)


def test_the_result_is_near_the_polar_factor() -> None:
    matrix = random(16, 64)
    values = torch.linalg.svdvals(orthogonalize(matrix))
    assert 0.65 < values.min() < values.max() < 1.25
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    cosine = torch.nn.functional.cosine_similarity(orthogonalize(matrix).flatten(), (u @ vt).flatten(), dim=0)
    assert cosine > 0.98


def test_a_matrix_by_hand() -> None:
    """diag(3, 4) / 5 has singular values .6 and .8; one iteration sends them to 1.19327 and 0.97643."""
    moved = orthogonalize(torch.diag(torch.tensor([3.0, 4.0])), iterations=1)
    torch.testing.assert_close(moved, torch.diag(torch.tensor([1.193269, 0.976482])), atol=1e-5, rtol=0)


def test_bfloat16_is_near_float32() -> None:
    matrix = random(32, 48)
    rough = orthogonalize(matrix, dtype=torch.bfloat16).float()
    cosine = torch.nn.functional.cosine_similarity(rough.flatten(), orthogonalize(matrix).flatten(), dim=0)
    assert cosine > 0.999


def test_a_zero_matrix_stays_zero_and_a_tiny_one_does_not() -> None:
    matrices = torch.stack((torch.zeros(4, 6), random(4, 6) * 1e-9))
    moved = orthogonalize(matrices)
    assert moved[0].abs().max() == 0
    assert moved[1].norm() > 1


def test_the_scale_is_moonlights() -> None:
    assert scale(64, 256) == pytest.approx(3.2)


def parameter(*shape: int, seed: int = 0) -> nn.Parameter:
    weight = nn.Parameter(random(*shape, seed=seed))
    weight.grad = random(*shape, seed=seed + 100)
    return weight


@pytest.mark.parametrize("nesterov", [True, False])
def test_it_moves_like_torchs_own(nesterov: bool) -> None:
    """torch.optim.Muon iterates in bfloat16; so does this comparison, one matrix at a time there, batched here."""
    shapes = [(16, 48), (48, 16), (32, 32), (16, 48)]
    ours = [parameter(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    theirs = [nn.Parameter(weight.detach().clone()) for weight in ours]
    config = MuonConfig(lr=0.02, weight_decay=0.1, nesterov=nesterov)
    mine = Muon([(str(index), weight) for index, weight in enumerate(ours)], config, torch.bfloat16)
    reference = torch.optim.Muon(
        theirs, lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=nesterov, adjust_lr_fn="match_rms_adamw"
    )
    for step in range(3):
        for seed, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            a.grad = random(*a.shape, seed=1000 * step + seed)
            b.grad = a.grad.clone()
        mine.step()
        reference.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=0)


def test_a_stack_moves_like_its_slices() -> None:
    stack = parameter(5, 12, 8)
    slices = [nn.Parameter(part.clone()) for part in stack.detach()]
    assert stack.grad is not None
    for part, gradient in zip(slices, stack.grad, strict=True):
        part.grad = gradient.clone()
    Muon([("stack", stack)], MuonConfig(lr=0.1)).step()
    Muon([(str(index), part) for index, part in enumerate(slices)], MuonConfig(lr=0.1)).step()
    torch.testing.assert_close(stack.detach(), torch.stack([part.detach() for part in slices]))


def test_an_update_has_adamws_root_mean_square() -> None:
    weight = parameter(64, 256)
    before = weight.detach().clone()
    Muon([("w", weight)], MuonConfig(lr=1.0, weight_decay=0.0)).step()
    assert (weight.detach() - before).square().mean().sqrt().item() == pytest.approx(0.2, rel=0.15)


def test_without_gradient_nothing_moves() -> None:
    weight = nn.Parameter(torch.ones(4, 4))
    Muon([("w", weight)], MuonConfig(lr=1.0)).step()
    assert weight.eq(1).all()


def test_vectors_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"norm.weight are none; give them to AdamW"):
        Muon([("norm.weight", nn.Parameter(torch.ones(4)))], MuonConfig())
