"""The two forms of the reverse divergence, against tables worked out by hand, each other, and finite differences."""

import math

import pytest
import torch

from fathom.train.distill.divergence import Closeness, advantages, closeness, reverse_kl
from fathom.train.rl.loss import FORMS, policy_loss

STUDENT = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], dtype=torch.float64)
TEACHER = torch.tensor([[0.25, 0.5, 0.25], [0.2, 0.2, 0.6]], dtype=torch.float64)
# .5 ln 2 - .25 ln 2 = .25 ln 2, and .2 ln .5 + .8 ln (4/3) = -.13862943611 + .23014565796
BY_HAND = [0.17328679514, 0.09151622185]


def test_the_divergence_is_that_of_the_table():
    found = reverse_kl(STUDENT.log(), TEACHER.log())
    assert found.tolist() == pytest.approx(BY_HAND, abs=1e-10)
    # the other way round it is another number: .25 ln .5 + .5 ln 2 and .4 ln 2 + .6 ln .75
    assert reverse_kl(TEACHER.log(), STUDENT.log()).tolist() == pytest.approx([0.17328679514, 0.10464962875], abs=1e-10)


def test_it_is_zero_where_both_agree():
    assert reverse_kl(TEACHER.log(), TEACHER.log()).tolist() == [0.0, 0.0]


def logits():
    """Numbers that need no generator: the same with every version of torch."""
    places = torch.arange(24, dtype=torch.float64).view(4, 6)
    return torch.sin(1.7 * places), torch.cos(0.9 * places + 0.4)


def test_the_gradient_is_p_times_the_surprise_above_the_mean():
    student, teacher = logits()
    student.requires_grad_()
    reverse_kl(student.log_softmax(-1), teacher.log_softmax(-1)).sum().backward()
    p, gap = student.softmax(-1), student.log_softmax(-1) - teacher.log_softmax(-1)
    by_hand = p * (gap - (p * gap).sum(-1, keepdim=True))  # d KL / d logit_j = p_j (log p_j/q_j - KL)
    torch.testing.assert_close(student.grad, by_hand.detach(), atol=1e-14, rtol=0)


def test_the_gradient_is_that_of_finite_differences():
    student, teacher = logits()
    assert torch.autograd.gradcheck(
        lambda x: reverse_kl(x.log_softmax(-1), teacher.log_softmax(-1)), student.requires_grad_()
    )


def test_the_teacher_gets_no_gradient():
    student, teacher = (x.requires_grad_() for x in logits())
    reverse_kl(student.log_softmax(-1), teacher.log_softmax(-1)).sum().backward()
    assert teacher.grad is None


def test_advantages_are_differences_of_log_probabilities():
    student, teacher = torch.tensor([-1.0, -0.5], requires_grad=True), torch.tensor([-0.25, -3.0])
    found = advantages(student, teacher)
    assert found.tolist() == [0.75, -2.5]
    assert not found.requires_grad


def sampled_gradient(student, teacher, token):
    """The gradient of the sampled form in one state, had ``token`` been sampled."""
    x = student.clone().requires_grad_()
    taken = x.log_softmax(-1)[token].view(1, 1)
    wanted = advantages(taken, teacher.log_softmax(-1)[token].view(1, 1))
    mask = torch.ones(1, 1, dtype=torch.bool)
    policy_loss(taken, taken.detach(), wanted, mask, config=FORMS["dapo"], total=1.0).value.backward()
    return x.grad


def test_on_average_the_sampled_form_has_the_gradient_of_the_full_one():
    students, teachers = logits()
    for student, teacher in zip(students, teachers, strict=True):
        x = student.clone().requires_grad_()
        reverse_kl(x.log_softmax(-1)[None], teacher.log_softmax(-1)[None]).sum().backward()
        p = student.softmax(-1)
        mean = sum(p[token] * sampled_gradient(student, teacher, token) for token in range(6))
        torch.testing.assert_close(mean, x.grad, atol=1e-14, rtol=0)


def test_closeness_counts_and_adds_up():
    found = closeness(STUDENT.log(), TEACHER.log(), torch.tensor([0, 2]))
    assert found.metrics() == pytest.approx(
        {
            "reverse_kl": sum(BY_HAND) / 2,
            "sampled_kl": (math.log(2) + math.log(4 / 3)) / 2,
            "agreement": 0.5,  # in the first state the student prefers token 0, the teacher token 1
            "entropy": (1.5 * math.log(2) - 0.2 * math.log(0.1) - 0.8 * math.log(0.8)) / 2,
        },
        abs=1e-10,
    )
    halves = [closeness(STUDENT[i : i + 1].log(), TEACHER[i : i + 1].log(), torch.tensor([2 * i])) for i in range(2)]
    assert halves[0].merge(halves[1]) == pytest.approx(found)
    assert Closeness(0, 0, 0, 0, 0).metrics()["reverse_kl"] == 0.0
