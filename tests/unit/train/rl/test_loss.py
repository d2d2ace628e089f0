"""Each loss against numbers worked out by hand, its gradient against finite differences, pieces against the whole."""

import math

import pytest
import torch

from fathom.train.rl.loss import FORMS, PolicyLossConfig, divisor, k3, policy_loss

# Two completions; the second has one token and one place of padding. Old log-probabilities are -1, ratios are
#   A = +1:  1.5  0.5
#   A = -2:  0.7  (padding)
RATIOS = torch.tensor([[1.5, 0.5], [0.7, 9.0]], dtype=torch.float64)
OLD = torch.full((2, 2), -1.0, dtype=torch.float64)
NEW = RATIOS.log() + OLD
ADVANTAGES = torch.tensor([1.0, -2.0], dtype=torch.float64)
MASK = torch.tensor([[1, 1], [1, 0]])

CASES = {
    # min(1.5, 1.2) = 1.2; min(.5, .8) = .5; min(-1.4, -1.6) = -1.6
    # -((1.2 + .5)/2 - 1.6)/2
    "deepseekmath": (PolicyLossConfig(normalization="sequence", clip_high=0.2), 0.375),
    # -(1.2 + .5 - 1.6)/3
    "token level": (PolicyLossConfig(normalization="token", clip_high=0.2), -0.0333333),
    # -(1.2 + .5 - 1.6)/(2 · 4)
    "constant": (PolicyLossConfig(normalization="constant", clip_high=0.2, length_limit=4), -0.0125),
    # min(1.5, 1.28) = 1.28: -(1.28 + .5 - 1.6)/3
    "clip-higher": (PolicyLossConfig(normalization="token", clip_high=0.28), -0.06),
    # s = sqrt(1.5 · .5) = .8660254 and .7: -(.8660254 - 1.6)/2
    "gspo": (PolicyLossConfig(ratio="sequence", normalization="sequence", clip_high=0.2), 0.3669873),
    # gspo with its paper's bounds: min(.8660254, .9997) = .8660254; min(-1.4, -1.9994): -(.8660254 - 1.9994)/2
    "gspo's own clip": (FORMS["gspo"], 0.5666873),
    # 1.2 · (ln 1.5 - 1) = -.7134419; .5 · (ln .5 - 1) = -.8465736; -2 · .7 · (ln .7 - 1) = 1.8993450
    # -(-.7134419 - .8465736 + 1.8993450)/3
    "cispo": (PolicyLossConfig(objective="cispo", normalization="token", clip_high=0.2), -0.1131098),
}


def count(mask):
    """Completions and tokens of a batch."""
    return mask.shape[0], mask.sum().item()


@pytest.mark.parametrize("case", CASES)
def test_the_hand_computed_table(case):
    config, expected = CASES[case]
    loss = policy_loss(NEW, OLD, ADVANTAGES, MASK, config=config).value
    assert loss.item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_that_of_finite_differences(case):
    config, _ = CASES[case]
    if config.objective == "cispo":  # the weight is a constant: differentiate what the gradient is taken of
        weights = RATIOS.clamp(max=1 + config.clip_high) * ADVANTAGES[:, None] * MASK / divisor(*count(MASK), config)
        expected = -weights
    else:
        expected = torch.zeros_like(NEW)
        for place in torch.ones_like(NEW).nonzero().tolist():
            step = torch.zeros_like(NEW)
            step[tuple(place)] = 1e-6
            high, low = (policy_loss(NEW + sign * step, OLD, ADVANTAGES, MASK, config=config).value for sign in (1, -1))
            expected[tuple(place)] = (high - low) / 2e-6
    logprobs = NEW.clone().requires_grad_()
    policy_loss(logprobs, OLD, ADVANTAGES, MASK, config=config).value.backward()
    torch.testing.assert_close(logprobs.grad, expected, atol=1e-8, rtol=1e-6)
    assert logprobs.grad[1, 1] == 0  # padding


def test_the_kl_term_is_k3_with_its_gradient():
    config = PolicyLossConfig(normalization="sequence", clip_high=0.2, kl_coefficient=0.1)
    reference = NEW + math.log(2)  # π_ref/π = 2 everywhere: 2 - ln 2 - 1 = .3068528
    torch.testing.assert_close(k3(NEW, reference), torch.full_like(NEW, 0.3068528), atol=1e-7, rtol=0)
    logprobs = NEW.clone().requires_grad_()
    loss, diagnostics = policy_loss(logprobs, OLD, torch.zeros(2).double(), MASK, reference, config=config)
    assert loss.item() == pytest.approx(0.03068528, abs=1e-8)
    assert diagnostics.metrics()["reference_kl"] == pytest.approx(0.3068528, abs=1e-7)
    loss.backward()  # d k3 / d log π = 1 - π_ref/π = -1; weights .1/(2 · 2), .1/(2 · 2), .1/2
    torch.testing.assert_close(logprobs.grad, torch.tensor([[-0.025, -0.025], [-0.05, 0]], dtype=torch.float64))


def test_diagnostics_count_what_was_clipped_and_skip_padding():
    metrics = policy_loss(NEW, OLD, ADVANTAGES, MASK, config=CASES["deepseekmath"][0]).diagnostics.metrics()
    assert metrics["ratio_mean"] == pytest.approx((1.5 + 0.5 + 0.7) / 3)
    assert (metrics["ratio_min"], metrics["ratio_max"]) == (pytest.approx(0.5), pytest.approx(1.5))
    # 1.5 with A > 0 and .7 with A < 0 have lost their gradient; .5 with A > 0 keeps it
    assert metrics["clip_fraction"] == pytest.approx(2 / 3)
    # KL(old ‖ new) by k3: ρ - ln ρ - 1 = .0945349, .1931472, .0566749
    assert metrics["kl"] == pytest.approx((0.0945349 + 0.1931472 + 0.0566749) / 3, abs=1e-7)
    # -log π = 1 - ln ρ
    assert metrics["entropy"] == pytest.approx((0.5945349 + 1.6931472 + 1.3566749) / 3, abs=1e-7)


def test_exact_entropies_replace_the_estimate():
    entropies = torch.tensor([[1.0, 2.0], [3.0, float("nan")]])
    metrics = policy_loss(NEW, OLD, ADVANTAGES, MASK, config=FORMS["dapo"], entropies=entropies).diagnostics.metrics()
    assert metrics["entropy"] == pytest.approx(2.0)


@pytest.mark.parametrize("form", FORMS)
def test_pieces_add_up_to_the_whole(form):
    generator = torch.Generator().manual_seed(0)
    new, old, reference = (torch.randn(6, 5, generator=generator, dtype=torch.float64) * 0.3 for _ in range(3))
    advantages = torch.randn(6, generator=generator, dtype=torch.float64)
    mask = torch.arange(5)[None] < torch.tensor([5, 1, 3, 0, 2, 4])[:, None]
    config = FORMS[form]
    whole = policy_loss(new, old, advantages, mask, reference, config=config)
    total = divisor(*count(mask), config)
    pieces = [
        policy_loss(new[p], old[p], advantages[p], mask[p], reference[p], config=config, total=total)
        for p in (slice(0, 1), slice(1, 4), slice(4, 6))
    ]
    assert sum(piece.value.item() for piece in pieces) == pytest.approx(whole.value.item(), abs=1e-12)
    merged = pieces[0].diagnostics.merge(pieces[1].diagnostics).merge(pieces[2].diagnostics)
    assert merged.metrics() == pytest.approx(whole.diagnostics.metrics(), abs=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_on_policy_every_form_is_the_plain_policy_gradient(form):
    logprobs = OLD.clone().requires_grad_()
    config = FORMS[form].model_copy(update={"kl_coefficient": 0.0})
    loss, diagnostics = policy_loss(logprobs, OLD, ADVANTAGES, MASK, config=config)
    loss.backward()
    weights = {"sequence": [[0.25, 0.25], [0.5, 0]], "token": [[1 / 3, 1 / 3], [1 / 3, 0]]}
    weights["constant"] = [[1 / 2048, 1 / 2048], [1 / 2048, 0]]
    expected = -ADVANTAGES[:, None] * torch.tensor(weights[config.normalization], dtype=torch.float64)
    torch.testing.assert_close(logprobs.grad, expected)
    assert diagnostics.metrics()["ratio_max"] == 1.0
    assert diagnostics.metrics()["clip_fraction"] == 0.0


def test_what_stands_in_the_padding_does_not_matter_and_an_empty_mask_is_no_division_by_zero():
    broken = NEW.clone()
    broken[1, 1] = float("nan")
    logprobs = broken.requires_grad_()
    loss = policy_loss(logprobs, broken.detach(), ADVANTAGES, MASK, config=FORMS["dapo"]).value
    loss.backward()
    assert logprobs.grad.isfinite().all()
    empty = policy_loss(NEW, OLD, ADVANTAGES, torch.zeros(2, 2), config=FORMS["dapo"])
    assert empty.value.item() == 0
    assert empty.diagnostics.metrics()["ratio_mean"] == 0
