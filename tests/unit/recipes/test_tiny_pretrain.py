"""A model that learns to add within a minute."""

from __future__ import annotations

from itertools import islice

from fathom.recipes import tiny_pretrain
from fathom.train.run.recipe import find


def test_its_model_is_v3_in_small() -> None:
    model = tiny_pretrain.model()
    assert model.family == "deepseek_v3"
    assert model.moe is not None
    assert tiny_pretrain.tiny_pretrain().model == model


def test_its_corpus_is_drawn_from_a_seed() -> None:
    config = tiny_pretrain.tiny_pretrain()
    corpus = find(config.data.function)
    first, again = (list(islice(corpus(**config.data.options), 5)) for _ in range(2))
    assert first == again
    assert len(first) == 5
