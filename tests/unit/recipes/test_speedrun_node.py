"""The speedrun for a node of eight GPUs: what is its own; shapes and memory stand in test_scaled.py."""

from __future__ import annotations

from fathom.recipes.speedrun_node import BASE, ZERO, beyond, measure, speedrun_node, zero


def test_every_stage_starts_where_another_exports() -> None:
    assert f"runs/{speedrun_node().name}/base/final" == BASE
    assert zero().start == beyond().base == BASE
    assert f"runs/{zero().name.replace('-zero', '')}/zero/final" == ZERO
    assert measure().start == beyond().start == ZERO
