"""Drawings in detail: what they say in words, and what is under the pointer."""

from __future__ import annotations

import re
from pathlib import Path

from made_runs import speedrun, write_run

from fathom.report.charts import draw_loads, draw_panel, draw_passes, draw_variants
from fathom.report.content import RunReport
from fathom.report.discover import find_runs
from fathom.report.loads import collect_loads
from fathom.report.panels import Curve, Panel, PanelCurves
from fathom.report.run import load


def panel(*curves: Curve, **options: object) -> PanelCurves:
    return PanelCurves(Panel("loss", (), **options), list(curves))  # type: ignore[arg-type]


def test_a_curve_is_a_path_with_its_values_in_words_and_under_the_pointer() -> None:
    drawing = draw_panel(panel(Curve("a", [(0.0, 0.0, None), (10.0, 1.0, None)], 2), zero=True))
    assert drawing.label == "loss. a: 0 at update 0, 1.00 at 10"
    (path,) = re.findall(r'<path class="curve c2" d="(M42 162L330 [\d.]+)"/>', drawing.elements)
    assert 10 < float(path.split()[-1]) < 20
    assert [text for _, text in drawing.hits] == ["update 0\na: 0", "update 10\na: 1.00"]


def test_one_point_is_a_mark_and_errors_are_bars() -> None:
    drawing = draw_panel(panel(Curve("a", [(5.0, 0.5, 0.1)], 0, marks=True), share=True))
    assert drawing.elements.count(" mark") == 1
    assert 'class="bar c0"' in drawing.elements
    assert 'class="curve' not in drawing.elements
    assert drawing.label.replace("\u00a0", " ") == "loss. a: 50.0 % at update 5"


def test_a_share_ends_at_one_and_a_wide_range_is_logarithmic() -> None:
    share = draw_panel(panel(Curve("a", [(0.0, 0.9, None), (9.0, 1.0, None)], 0), share=True, zero=True))
    assert re.findall(r">(\d+%)<", share.elements)[-1] == "100%"
    wide = draw_panel(panel(Curve("a", [(0.0, 0.01, None), (9.0, 100.0, None)], 0), log=True))
    assert re.findall(r'text-anchor="end">([^<]+)<', wide.elements) == ["0.01", "0.1", "1", "10", "100"]


def test_a_curve_that_ended_earlier_has_no_later_values() -> None:
    long = Curve("long", [(float(x), 1.0, None) for x in range(101)], 0)
    brief = Curve("brief", [(float(x), 2.0, None) for x in range(11)], 1)
    texts = [text for _, text in draw_panel(panel(long, brief)).hits]
    assert "brief" in texts[0]
    assert "brief" not in texts[-1]


def test_variants_have_a_row_and_a_mark_for_each_temperature(tmp_path: Path) -> None:
    (results,) = RunReport(find_runs([speedrun(tmp_path, updates=50)]), "x").tasks
    drawing = draw_variants(results, 0.85)
    assert re.findall(r'class="row"[^>]*>(\w+)<', drawing.elements) == ["base", "continued", "rejection", "zero"]
    assert 'class="goal"' in drawing.elements
    assert len(drawing.hits) == 12
    assert drawing.hits[-1][1].startswith("zero, greedy: 8")
    assert drawing.label.startswith("Share of correct answers by variant. base: sampled, T = 1 3")
    passes = draw_passes(results)
    assert passes is not None
    assert re.findall(r'middle">(\d+)<', passes[0].elements) == ["1", "2", "4", "8", "16", "32", "64"]
    assert passes[1] == [("base", 1), ("continued", 2), ("rejection", 3), ("zero", 0)]


def test_a_heat_map_is_a_path_for_each_color(tmp_path: Path) -> None:
    lines = [{"kind": "train", "step": step, "loads": {"layers.1.mlp.router": [0, 10, 10, 20]}} for step in (1, 2, 3)]
    (loads,), _ = collect_loads(load(write_run(tmp_path / "run", {"stage": "pretrain"}, lines)))
    drawing = draw_loads(loads)
    assert re.findall(r'class="heat h(\d)"', drawing.elements) == ["0", "3", "5"]
    assert drawing.hits[3][1] == "expert 3: 2.00 to 2.00 of the mean, at least 2.00, at most 2.00"
    assert drawing.label.endswith("updates 1 to 3: at the end between 0.00 and 2.00 of the mean load")
