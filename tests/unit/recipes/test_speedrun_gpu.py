"""The speedrun for one GPU: what is its own; shapes and memory stand in test_scaled.py."""

from __future__ import annotations

from fathom.recipes.speedrun_gpu import BASE, ZERO, beyond, measure, speedrun_gpu, zero


def test_every_stage_starts_where_another_exports() -> None:
    assert f"runs/{speedrun_gpu().name}/base/final" == BASE
    assert zero().start == beyond().base == BASE
    assert f"runs/{zero().name.replace('-zero', '')}/zero/final" == ZERO
    assert measure().start == beyond().start == ZERO
