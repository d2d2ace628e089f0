"""Which curves a stage has."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from made_runs import curriculum, write_run

from fathom.report.discover import find_runs
from fathom.report.panels import PanelCurves, collect_panels, thin
from fathom.report.run import load


def panels(place: Path) -> dict[str, PanelCurves]:
    return {drawn.panel.title: drawn for drawn in collect_panels(find_runs([place]), {})}


def test_numbers_without_an_entry_have_a_panel_of_their_own(tmp_path: Path) -> None:
    lines = [{"kind": "distill", "step": step, "reward": 0.5, "new_thing": 0.1 * step} for step in (1, 2)]
    run = load(write_run(tmp_path / "run", {"stage": "distill"}, lines))
    assert [drawn.panel.title for drawn in collect_panels([run], {})] == ["reward", "new thing"]


def test_the_parts_of_a_reward_are_those_that_were_recorded(tmp_path: Path) -> None:
    parts = [{"accuracy": 0.5, "brevity": 0.1}, {"accuracy": 0.6, "brevity": 0.2, "politeness": 1.0}]
    lines = [{"kind": "rl", "step": step, "reward_parts": part} for step, part in enumerate(parts, 1)]
    drawn = panels(write_run(tmp_path / "run", {"stage": "rl"}, lines))["reward parts"]
    assert drawn.by_key == {"accuracy": 0, "brevity": 1, "politeness": 2}
    assert [[(x, y) for x, y, _ in curve.points] for curve in drawn.curves] == [
        [(1.0, 0.5), (2.0, 0.6)],
        [(1.0, 0.1), (2.0, 0.2)],
        [(2.0, 1.0)],
    ]


def test_the_evaluation_before_the_first_step_begins_the_curve(tmp_path: Path) -> None:
    lines = [
        {"kind": "gate", "step": 0, "pass@1": 0.3, "error": 0.02},
        {"kind": "evaluation", "step": 10, "pass@1": 0.5, "error": 0.03},
    ]
    (curve,) = panels(write_run(tmp_path / "run", {"stage": "rl"}, lines))["pass@1 on validation"].curves
    assert curve.points == [(0.0, 0.3, 0.02), (10.0, 0.5, 0.03)]
    assert curve.marks


def test_a_rate_is_a_quotient_and_constants_are_left_out(tmp_path: Path) -> None:
    line = {"kind": "rl", "step": 1, "sampled_tokens": 100, "sampling_seconds": 4, "well_formed": 1.0, "entropy": 0.3}
    drawn = panels(write_run(tmp_path / "run", {"stage": "rl"}, [line]))
    assert list(drawn) == ["entropy, nats per token", "sampled tokens per second"]
    assert drawn["sampled tokens per second"].curves[0].points == [(1.0, 25.0, None)]


def test_levels_are_colored_by_their_names(tmp_path: Path) -> None:
    drawn = panels(curriculum(tmp_path / "curriculum") / "zero")["pass@1 on validation, by level"]
    assert drawn.by_key == {"three-12": 0, "four-12": 1, "gcd": 2}
    assert [curve.color for curve in drawn.curves] == [0, 1, 2]


FINITE = st.floats(-1e12, 1e12, allow_subnormal=False)


@given(st.lists(st.tuples(st.integers(0, 10**6), FINITE), min_size=1, max_size=600, unique_by=lambda p: p[0]))
def test_a_thinned_curve_keeps_its_ends_and_its_spikes(values: list[tuple[int, float]]) -> None:
    points = sorted((float(x), y, None) for x, y in values)
    kept = thin(points, 50)
    assert len(kept) <= 51
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert {min(y for _, y, _ in points), max(y for _, y, _ in points)} <= {y for _, y, _ in kept}
    assert kept == sorted(set(kept))
