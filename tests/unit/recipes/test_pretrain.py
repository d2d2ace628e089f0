"""Pretraining on data of one's own: the depth decides everything else."""

from __future__ import annotations

from fathom.recipes.pretrain import pretrain
from fathom.train.run.config import override
from fathom.train.supervised.dial import dial


def test_the_depth_decides_shape_batch_and_steps() -> None:
    for depth in (2, 6):
        config, expected = pretrain(depth), dial(depth, vocab_size=8192)
        assert config.model == expected.model
        assert config.model.num_layers == depth
        assert (config.steps, config.batch, config.optim) == (expected.steps, expected.batch, expected.optim)


def test_a_deeper_model_reads_more_tokens() -> None:
    shallow, deep = (pretrain(depth) for depth in (2, 4))
    tokens = [config.steps * config.batch.rows * config.batch.length for config in (shallow, deep)]
    assert tokens[0] < tokens[1]


def test_what_the_depth_decided_can_be_replaced() -> None:
    config = override(pretrain(), ["steps=7", "model.num_layers=3"])
    assert config.steps == 7
    assert config.model.num_layers == 3
