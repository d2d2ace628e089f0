"""A tiny conversation model."""

from __future__ import annotations

from itertools import islice

from fathom.recipes import tiny_sft
from fathom.train.run.recipe import find


def test_its_conversations_end_with_an_answer() -> None:
    config = tiny_sft.tiny_sft()
    samples = list(islice(find(config.data.function)(**config.data.options), 20))
    assert len(samples) == 20
    assert all(sample.messages[-1].role == "assistant" for sample in samples)
