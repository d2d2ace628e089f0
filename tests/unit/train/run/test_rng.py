from __future__ import annotations

import json
import random

import numpy as np
import torch

from fathom.checkpoint.store.tree import join, split
from fathom.train.run import rng


def draws() -> tuple[object, ...]:
    return random.random(), float(np.random.standard_normal()), torch.rand(2).tolist(), random.gauss(0, 1)


def test_a_restored_state_draws_the_same_numbers() -> None:
    rng.seed(3)
    draws()
    skeleton, tensors = split(rng.capture())
    state = join(json.loads(json.dumps(skeleton)), tensors)
    first = [draws() for _ in range(3)]
    rng.seed(4)
    assert draws() != first[0]
    rng.restore(state)
    assert [draws() for _ in range(3)] == first


def test_a_seed_determines_all_generators() -> None:
    rng.seed(2**40 + 1)
    first = draws()
    rng.seed(2**40 + 1)
    assert draws() == first
