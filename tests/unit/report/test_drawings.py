"""Numbers in words, axes, and curves: expected output is written out."""

from __future__ import annotations

import re
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import curriculum, put, rewarded

from fathom.report import formatting as spell
from fathom.report import heatmap
from fathom.report.chart import Chart, Series, draw, thin
from fathom.report.content import RunReport
from fathom.report.curves import charts
from fathom.report.discover import find
from fathom.report.html import Html, escape, tag
from fathom.report.page import render
from fathom.report.rollouts import MOST_STEPS, steps
from fathom.report.run import KEPT, Lines, load
from fathom.report.scale import Scale, extent, linear_ticks, log_ticks, tick_label
from fathom.report.values import count, number, text, visible


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (spell.size(2_212_480), "2.21 M"),
        (spell.size(999), "999"),
        (spell.size(9_999), "9 999"),
        (spell.size(671e9), "671 B"),
        (spell.duration(4.26), "4.3 s"),
        (spell.duration(75.2), "1 min 15 s"),
        (spell.duration(120), "2 min"),
        (spell.duration(7260), "2 h 01 min"),
        (spell.dollars(0.0031), "$0.0031"),
        (spell.dollars(12.345), "$12.35"),
        (spell.points(-0.0312), "−3.1"),
        (spell.points(-0.0001), "0.0"),
        (spell.significant(0.000012), "1.2·10⁻⁵"),
        (spell.significant(123456), "123456"),
        (spell.significant(-0.5), "−0.500"),
        (spell.percent(0.8234), "82.3 %"),
        (spell.join_words(["a", "b", "c"]), "a, b and c"),
        (spell.join_words([]), ""),
        (spell.short(1.0), "1"),
        (spell.short(0.25), "0.25"),
    ],
)
def test_numbers_in_words(written: str, expected: str) -> None:
    assert written.replace("\u00a0", " ").replace("\u202f", " ") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, None),
        ("1", None),
        (nan, None),
        (inf, None),
        (10**400, None),
        (1e300, None),
        (5e-324, 0.0),
    ],
)
def test_what_is_a_number(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\x1b[0m\r\nb\rc\ud800\u202e\x85\x7f\t") == "a␛[0m\nb␍c\ufffd⟨U+202E⟩\ufffd␡\t"
    assert text("x" * 10, 5) == "xxxx…"
    assert (text(None), text([1]), text(True), text(10**5000)) == ("", "", "", "")
    assert (count(-1), count(3.7)) == (None, 3)


@given(st.text())
def test_escaped_text_holds_no_markup(raw: str) -> None:
    assert not set("<>\"'") & set(escape(raw))
    tag("p", raw, title=raw).encode("utf-8")


def test_markup_is_only_what_this_package_made() -> None:
    assert tag("p", "<b>", Html("<i></i>"), None, 1.25, ["x"], class_="a\"b", hidden=True, title=None) == (
        '<p class="a&quot;b" hidden>&lt;b&gt;<i></i>1.2x</p>'
    )  # fmt: skip
    assert tag("path", stroke_width=1.0) == '<path stroke-width="1"/>'


def test_ticks_are_round() -> None:
    assert linear_ticks(0, 1200, 4) == [0, 500, 1000]
    assert linear_ticks(0.31, 0.88) == [0.4, 0.6, 0.8]
    assert linear_ticks(3, 3) == [3]
    assert log_ticks(0.2, 5) == [0.2, 0.5, 1, 2, 5]
    assert log_ticks(1e-6, 1e-2) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])
    assert [tick_label(t, [0, 5000, 10000]) for t in (0, 5000, 10000)] == ["0", "5k", "10k"]
    assert tick_label(0.4, [0.4, 0.6], share=True) == "40%"
    assert tick_label(2e-5, [2e-5]) == "2e−5"


FINITE = st.floats(-1e12, 1e12, allow_subnormal=False).map(lambda value: value if abs(value) > 1e-200 else 0.0)


@given(st.lists(FINITE, min_size=1), st.booleans())
def test_every_value_has_a_place_on_its_axis(values: list[float], zero: bool) -> None:
    low, high = extent(values, zero=zero)
    scale = Scale(low, high, 10, 90)
    assert all(10 <= scale(value) <= 90 for value in values)
    room = 1e-6 * (high - low)
    assert all(low - room <= tick <= high + room for tick in linear_ticks(low, high))


@given(st.lists(st.floats(1e-12, 1e12), min_size=1))
def test_so_it_is_on_a_logarithmic_one(values: list[float]) -> None:
    low, high = extent(values, log=True)
    scale = Scale(low, high, 90, 10, log=True)
    assert all(10 <= scale(value) <= 90 for value in values)
    assert len(log_ticks(low, high)) <= 6


def test_a_chart_is_written_out() -> None:
    drawn = draw(Chart("loss", [Series("a", [(0, 0.0), (10, 1.0)], 2)], zero=True))
    assert 'aria-label="loss. a: 0 at update 0, 1.00 at 10"' in drawn
    assert '<g class="c2"><path class="curve" d="M42 170L330 19.1"/></g>' in drawn
    assert "<title>update 10\na: 1.00</title>" in drawn


def test_one_point_is_a_mark_and_errors_are_bars() -> None:
    drawn = draw(Chart("pass@1", [Series("a", [(5, 0.5)], errors=[0.1])], share=True))
    assert drawn.count("<circle") == 1
    assert 'class="bar"' in drawn
    assert 'class="curve"' not in drawn


@given(st.lists(st.tuples(st.integers(0, 10**6), FINITE), min_size=1, max_size=600, unique_by=lambda p: p[0]))
def test_a_thinned_curve_keeps_its_ends_and_its_spikes(points: list[tuple[int, float]]) -> None:
    points = sorted((float(x), y) for x, y in points)
    kept = thin(points, 50)
    assert len(kept) <= 51
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {min(y for _, y in points), max(y for _, y in points)} <= {y for _, y in kept}
    assert kept == sorted(set(kept))


def test_a_long_run_keeps_a_bounded_number_of_lines_and_the_last() -> None:
    lines = Lines()
    for step in range(100_000):
        lines.add({"step": step})
    kept = lines.all()
    assert len(kept) <= KEPT + 2
    assert (kept[0]["step"], kept[-1]["step"], lines.total) == (0, 99_999, 100_000)


def test_loads_of_experts(tmp_path: Path) -> None:
    lines = [
        {"kind": "train", "step": step, "loads": {"layers.1.mlp.router": [0, 10, 10, 20], "odd": ["x"], "none": []}}
        for step in (1, 2, 3)
    ]
    found, routers = heatmap.loads(load(put(tmp_path / "run", {"stage": "pretrain"}, lines)))
    assert routers == 1
    assert found[0].table == [[0.0] * 3, [1.0] * 3, [1.0] * 3, [2.0] * 3]
    assert (found[0].router, found[0].experts, found[0].together) == ("layer 1", 4, 1)
    assert [heatmap.level(share) for share in (0, 0.3, 0.7, 1, 1.5, 2.5, 9)] == [0, 1, 2, 3, 4, 5, 6]
    drawn = heatmap.draw(found[0])
    assert re.findall(r'class="h(\d)"', drawn) == ["0", "3", "5"]
    assert "<title>expert 3: 2.00 to 2.00 of the mean" in drawn


def test_many_experts_and_updates_share_cells(tmp_path: Path) -> None:
    lines = [{"kind": "train", "step": step, "loads": {"r": [1] * 256}} for step in range(500)]
    (found,), _ = heatmap.loads(load(put(tmp_path / "run", {}, lines)))
    assert (len(found.table), len(found.table[0]), found.together) == (64, heatmap.COLUMNS, 4)


def test_numbers_that_nobody_foresaw_have_a_panel(tmp_path: Path) -> None:
    lines = [{"kind": "distill", "step": step, "reward": 0.5, "new_thing": 0.1 * step} for step in (1, 2)]
    run = load(put(tmp_path / "run", {"stage": "distill"}, lines))
    assert [chart.title for chart, _ in charts([run], {})] == ["reward", "new thing"]


def test_what_a_teacher_answered_is_told(tmp_path: Path) -> None:
    traces = {
        "asked": 2400,
        "right": 0.75,
        "kept": 1700,
        "problems_kept": 512,
        "dropped": {"wrong": 600, "too long": 100},
    }
    lines = [{"kind": "traces", "step": 0, "seconds": 1, **traces}, {"kind": "train", "step": 1, "loss": 1.0}]
    page = render(RunReport(find([put(tmp_path / "d", {"stage": "distill"}, lines)]), "x"))
    said = "d: 2 400 answers of the teacher, 75.0 % right; 1 700 learned, of 512 problems."
    assert said in page.replace("\u00a0", " ").replace("\u202f", " ")
    assert "Left out: 600 wrong and 100 too long." in page
    assert "<h2>Distillation</h2>" in page


def test_steps_are_chosen_from_both_ends_and_evenly(tmp_path: Path) -> None:
    run = load(rewarded(tmp_path / "zero", "base", steps=200))
    found, problems = steps(run)
    assert problems == []
    assert len(found) == MOST_STEPS
    assert (found[0].step, found[-1].step) == (1, 200)
    few, _ = steps(run, room=7000)
    assert {few[0].step, few[-1].step} == {1, 200}
    assert 2 <= len(few) < MOST_STEPS


def test_levels_and_what_is_beyond_the_base(tmp_path: Path) -> None:
    page = render(RunReport(find([curriculum(tmp_path / "curriculum")]), "x"))
    assert "<h2>Beyond the base</h2>" in page
    assert "Pass@1 on validation by level." in page
    assert ">four-12</th>" in page
    assert "[37.5, 67.1" in page
