"""Our reverse divergence beside trl's. Runs where trl is installed; what it answered stands here as numbers."""

import pytest
import torch

from fathom.train.distill.divergence import reverse_kl

N, T, V = 2, 4, 7
MASK = torch.tensor([[True, True, True, False], [True, False, False, False]])
PLACES = torch.arange(N * T * V, dtype=torch.float64).view(N, T, V)
STUDENT, TEACHER = 2 * torch.sin(1.7 * PLACES), 2 * torch.cos(0.9 * PLACES + 0.4)

CASES = {1.0: 1.2458324871136, 0.7: 1.9827032279354}
"""Temperature: trl's loss (trl 1.16.0, beta 1, a mean over tokens)."""


def ours(temperature):
    logits = STUDENT.clone().requires_grad_()
    student = (logits[MASK] / temperature).log_softmax(-1)
    loss = reverse_kl(student, (TEACHER[MASK] / temperature).log_softmax(-1)).sum() / MASK.sum()
    loss.backward()
    return loss.item(), logits.grad


@pytest.mark.filterwarnings("ignore")
def theirs(temperature):
    trl = pytest.importorskip("trl.experimental.gkd")
    logits = STUDENT.clone().requires_grad_()
    labels = torch.where(MASK, 1, -100)
    loss = trl.GKDTrainer.generalized_jsd_loss(logits, TEACHER, labels, beta=1.0, temperature=temperature)
    loss.backward()
    return loss.item(), logits.grad


@pytest.mark.parametrize("temperature", CASES)
def test_the_divergence_is_trls(temperature):
    assert ours(temperature)[0] == pytest.approx(CASES[temperature], abs=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("temperature", CASES)
def test_trl_itself_gives_this_divergence_and_gradient(temperature):
    value, gradient = theirs(temperature)
    assert value == pytest.approx(CASES[temperature], abs=1e-9)
    torch.testing.assert_close(ours(temperature)[1], gradient, atol=1e-12, rtol=1e-9)
