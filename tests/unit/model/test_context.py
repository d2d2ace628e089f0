"""What a layer declares to its context, and that both contexts of the model implement the protocol."""

from __future__ import annotations

import pytest

from fathom.model.cache import ContiguousCache
from fathom.model.causal import CausalContext
from fathom.model.context import AttentionContext, CacheSpec


def test_entries_per_token() -> None:
    assert CacheSpec(num_kv_heads=2, key_dim=24, value_dim=16).entries_per_token == 2 * (24 + 16)
    assert CacheSpec(num_kv_heads=1, key_dim=576, value_dim=512, value_in_key=True).entries_per_token == 576


@pytest.mark.parametrize("absorbed", [True, False])
def test_contexts_say_which_form_of_latent_attention_they_want(absorbed: bool) -> None:
    contexts: list[AttentionContext] = [
        CausalContext(absorbed=absorbed),
        ContiguousCache([CacheSpec(1, 4, 4)], batch=1, capacity=2, absorbed=absorbed),
    ]
    assert [context.absorbed for context in contexts] == [absorbed, absorbed]
