from __future__ import annotations

from itertools import pairwise

import pytest

from fathom.base.errors import ConfigError
from fathom.model import counts
from fathom.train.supervised.dial import batch_tokens, dial, learning_rate, shape


def test_deepseeks_scaling_law() -> None:
    """At 10^20 FLOPs: 1.02 M tokens a batch, a rate of 0.3118 / 10^2.5."""
    assert batch_tokens(1e20) == pytest.approx(1.0171e6, rel=1e-3)
    assert learning_rate(1e20) == pytest.approx(0.3118 * 10**-2.5)


def test_a_depth_decides_the_shape() -> None:
    model = shape(4, 8192, 1024)
    assert model.moe is not None
    assert (model.hidden_size, model.intermediate_size, model.num_layers) == (256, 704, 4)
    assert (model.moe.num_experts, model.moe.experts_per_token, model.moe.intermediate_size) == (16, 4, 160)
    assert model.attention.num_heads == 8
    assert model.init_std == pytest.approx(0.03125)


def test_v3s_width_has_v3s_deviation() -> None:
    assert shape(112, 129_280, 4096).init_std == pytest.approx(0.006, rel=0.02)


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 6, 8, 12, 20, 32])
def test_every_depth_makes_a_whole_run(depth: int) -> None:
    found = dial(depth, 8192)
    model, active = found.model, counts.count(found.model).active_parameters
    sizes = [model.hidden_size, model.intermediate_size, model.attention.rope_dim, model.vocab_size]
    assert all(size % 32 == 0 for size in sizes)
    assert found.tokens == found.steps * found.batch.rows * found.batch.length
    assert found.tokens == pytest.approx(20 * active, rel=0.1)


def test_deeper_is_larger_slower_and_gentler() -> None:
    runs = [dial(depth, 8192) for depth in (2, 4, 8, 16)]
    for shallow, deep in pairwise(runs):
        assert deep.compute > 4 * shallow.compute
        assert deep.batch.rows >= shallow.batch.rows
        assert deep.optim.adamw.lr < shallow.optim.adamw.lr


def test_one_layer_is_refused() -> None:
    with pytest.raises(ConfigError, match="a depth of 1 leaves no layer for experts; choose a depth of 2 or more"):
        dial(1, 8192)
