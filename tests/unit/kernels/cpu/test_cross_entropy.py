"""When the C++ cross entropy and softmax serve."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.cpu import cross_entropy as kernels
from fathom.kernels.cross_entropy import cross_entropy, softmax_

pytestmark = pytest.mark.usefixtures("kernels")


def test_cross_entropy_serves_training_and_softmax_both() -> None:
    logits, targets = torch.randn(3, 5), torch.tensor([0, 1, 4])
    assert cross_entropy.select(logits, targets) is kernels.cross_entropy
    with torch.no_grad():
        assert cross_entropy.select(logits, targets) is None
        assert softmax_.select(logits, targets) is kernels.softmax_
        assert softmax_.select(logits.double(), targets) is None
        assert softmax_.select(torch.randn(5, 3).t(), targets) is None


def test_rows_with_gaps_between_them_are_written_in_place() -> None:
    table = torch.randn(3, 8)
    logits, targets = table[:, :5], torch.tensor([0, 1, 4])
    expected, rest = logits.softmax(-1), table[:, 5:].clone()
    kernels.softmax_(logits, targets)
    torch.testing.assert_close(table[:, :5], expected)
    assert torch.equal(table[:, 5:], rest)
