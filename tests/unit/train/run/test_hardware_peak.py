from __future__ import annotations

import torch

from fathom.train.run.hardware_peak import peak_flops


def test_it_counts_the_fastest_product() -> None:
    ticks = iter([0.0, 2.0, 10.0, 10.5, 20.0, 21.0, 30.0, 31.0, 40.0, 41.0])
    assert peak_flops(torch.device("cpu"), torch.float32, clock=lambda: next(ticks)) == 2 * 512**3 / 0.5


def test_it_leaves_the_generators_alone() -> None:
    before = torch.get_rng_state()
    peak_flops(torch.device("cpu"), torch.float32)
    assert torch.equal(torch.get_rng_state(), before)
