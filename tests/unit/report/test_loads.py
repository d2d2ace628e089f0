"""The load of experts, averaged and colored."""

from __future__ import annotations

from pathlib import Path

from made_runs import write_run

from fathom.report.loads import MAX_COLUMNS, collect_loads
from fathom.report.run import load


def test_loads_of_experts(tmp_path: Path) -> None:
    lines = [
        {"kind": "train", "step": step, "loads": {"layers.1.mlp.router": [0, 10, 10, 20], "odd": ["x"], "none": []}}
        for step in (1, 2, 3)
    ]
    (loads,), routers = collect_loads(load(write_run(tmp_path / "run", {"stage": "pretrain"}, lines)))
    assert routers == 1
    assert loads.table.tolist() == [[0.0] * 3, [1.0] * 3, [1.0] * 3, [2.0] * 3]
    assert loads.levels.tolist() == [[0] * 3, [3] * 3, [3] * 3, [5] * 3]
    assert (loads.router, loads.experts, loads.per_row) == ("layer 1", 4, 1)


def test_many_experts_and_updates_share_cells(tmp_path: Path) -> None:
    lines = [{"kind": "train", "step": step, "loads": {"r": [1] * 255}} for step in range(500)]
    (loads,), _ = collect_loads(load(write_run(tmp_path / "run", {}, lines)))
    assert (loads.table.shape, loads.per_row) == ((64, MAX_COLUMNS), 4)
    assert loads.table.min() == loads.table.max() == 1.0  # the last row has three experts, not four


def test_of_many_routers_some_are_shown(tmp_path: Path) -> None:
    lines = [{"kind": "rl", "step": 1, "loads": {f"layers.{layer}.mlp.router": [1, 2] for layer in range(12)}}]
    shown, routers = collect_loads(load(write_run(tmp_path / "run", {}, lines)))
    assert (len(shown), routers, shown[0].router, shown[-1].router) == (6, 12, "layer 0", "layer 10")
