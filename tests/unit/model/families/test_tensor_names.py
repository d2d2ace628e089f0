"""Rules of tensor names."""

from __future__ import annotations

from fathom.model.families.tensor_names import Layout, Rule, prefix_rules


def test_a_prefix_goes_before_both_names() -> None:
    rules = (Rule("attention.q.weight", "self_attn.q.weight"), Rule("a", "b", Layout.ROTARY_Q))
    assert prefix_rules("layers.#.", "model.layers.#.", rules) == (
        Rule("layers.#.attention.q.weight", "model.layers.#.self_attn.q.weight"),
        Rule("layers.#.a", "model.layers.#.b", Layout.ROTARY_Q),
    )
