"""Which curves a stage has, and how its runs lie over one another.

A stage draws what it recorded: a panel whose numbers nobody wrote is left out, numbers that nobody foresaw get a panel
of their own under the name they were recorded by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from fathom.report.chart import Chart, Point, Series, thin
from fathom.report.panels import READING, SAID_ELSEWHERE, SAMPLING, Curve, Panel
from fathom.report.run import STEPS, Run
from fathom.report.values import Record, at, number

MOST_RUNS = 24
"""Runs of a stage whose curves are drawn."""

KNOWN = (("train", READING), (STEPS, SAMPLING))
"""Panels by the kind of line that tells of an update."""

MOST_STRANGE = 6
"""Panels for numbers that this file does not know."""


def charts(runs: Sequence[Run], colors: Mapping[str, int]) -> Iterator[tuple[Chart, Panel]]:
    """The charts of one stage. ``colors`` are by the runs' labels."""
    shown = runs[:MOST_RUNS]
    known = [panel for kind, panels in KNOWN for panel in panels if any(kind in run.lines for run in shown)]
    for panel in (*known, *_strange(shown, known)):
        series = [one for run in shown for one in _series(run, panel, colors, len(shown))]
        values = {y for one in series for _, y in one.points}
        if values and values != {panel.quiet}:
            yield (
                Chart(
                    panel.title,
                    series,
                    x="step" if any(STEPS in run.lines for run in shown) else "update",
                    share=panel.unit == "share",
                    zero=panel.zero,
                    log_y=panel.log and _wide(series),
                    top=1.0 if panel.unit == "share" else None,
                ),
                panel,
            )


def _series(run: Run, panel: Panel, colors: Mapping[str, int], together: int) -> Iterator[Series]:
    most = max(40, 240 // max(1, together // 3))
    merged: dict[tuple[bool, str], list[tuple[float, float, float | None]]] = {}
    for curve in panel.curves:
        found = _points(run.lines.get(curve.kind, ()), curve, panel.derived)
        if found:
            merged.setdefault((curve.dashed, curve.says), []).extend(found)
    for (dashed, says), found in merged.items():
        curve = next(one for one in panel.curves if (one.dashed, one.says) == (dashed, says))
        found.sort(key=lambda point: point[0])
        points: list[Point] = [(x, y) for x, y, _ in found]
        few = len(points) <= most
        yield Series(
            f"{run.label}, {says}" if says else run.label,
            points if few else thin(points, most),
            color=colors.get(run.label, 0),
            dashed=dashed,
            marks=curve.mark and few and len(points) <= 60,
            errors=[error for _, _, error in found] if few and curve.error else None,
        )


def _points(
    lines: Sequence[Record], curve: Curve, derived: Callable[[Record], float | None] | None
) -> list[tuple[float, float, float | None]]:
    found = []
    for line in lines:
        x = number(line.get("step"))
        y = derived(line) if derived is not None else number(at(line, curve.key))
        if x is not None and y is not None:
            found.append((x, y, number(line.get(curve.error)) if curve.error else None))
    return found


def _wide(series: Sequence[Series]) -> bool:
    """Whether values lie so far apart that a logarithm helps."""
    values = [y for one in series for _, y in one.points]
    return min(values) > 0 and max(values) / min(values) > 8


def _strange(runs: Sequence[Run], known: Sequence[Panel]) -> list[Panel]:
    """Panels for numbers that no panel shows."""
    shown = {(curve.kind, curve.key) for panel in known for curve in panel.curves}
    found: dict[tuple[str, str], None] = {}
    for run in runs:
        for kind in ("train", STEPS, "validation"):
            for line in run.lines.get(kind, ())[-1:]:
                keys = (key for key in line if (kind, key) not in shown and key not in SAID_ELSEWHERE)
                found.update(dict.fromkeys((kind, key) for key in keys if number(line[key]) is not None))
    return [
        Panel(key.replace("_", " ")[:40], (Curve(kind, key),), aside=True) for kind, key in list(found)[:MOST_STRANGE]
    ]
