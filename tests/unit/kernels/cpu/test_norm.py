"""When the C++ norm serves, and that threads do not change it."""

from __future__ import annotations

import pytest
import torch
from gradients import with_gradients
from threads import on_threads

from fathom.kernels.cpu.norm import PARTIAL_ROWS
from fathom.kernels.norm import rms_norm

pytestmark = pytest.mark.usefixtures("kernels")


def test_results_do_not_depend_on_threads() -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(4 * PARTIAL_ROWS + 45, 40, generator=generator), torch.randn(40, generator=generator)
    results = []
    for count in (1, 2):
        with on_threads(count):
            results.append(with_gradients(lambda x, weight: rms_norm(x, weight, 1e-6, torch.float32), inputs))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_it_serves_where_gradients_are_recorded() -> None:
    x, weight = torch.randn(2, 4), torch.ones(4)
    assert rms_norm.select(x, weight, 1e-6, x.dtype) is not None
    assert rms_norm.select(x.double(), weight, 1e-6, x.dtype) is None
    assert rms_norm.select(x, weight.bfloat16(), 1e-6, x.dtype) is None
    with torch.no_grad():
        assert rms_norm.select(x, weight, 1e-6, x.dtype) is None
