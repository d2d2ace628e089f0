"""The drawings of the page: curves over updates, variants beside one another, and the load of experts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from fathom.report import formatting
from fathom.report.loads import ExpertLoads
from fathom.report.panels import Curve, PanelCurves, thin
from fathom.report.results import TaskResults
from fathom.report.svg import render

LEFT, RIGHT, TOP, BOTTOM = 42.0, 10.0, 10.0, 24.0
COLUMNS, MAX_NAMED = 24, 8
"""Places of a chart that show their values under the pointer, and curves that are named there."""

_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawing:
    """``elements`` of an SVG of this size. ``label`` says in words what it shows. ``hits``: areas (x, y, width, height)
    with the text shown under the pointer. ``row``: the height of a row, of a heat map.
    """

    width: float
    height: float
    elements: Markup
    label: str
    hits: list[tuple[Rectangle, str]]
    row: float | None = None


class _Canvas:
    """One set of axes on a figure."""

    def __init__(self, width: float, height: float, left: float = LEFT, grid: str | None = "y") -> None:
        self.width, self.height, self.left = width, height, left
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        box = (left / width, BOTTOM / height, (width - left - RIGHT) / width, (height - TOP - BOTTOM) / height)
        self.axes: Axes = self.figure.add_axes(box)
        self.axes.tick_params(length=0, pad=5, labelsize=10)
        if grid:
            self.axes.grid(axis=grid)  # type: ignore[arg-type]
        self.axes.spines.bottom.set_gid("axis" if grid == "y" else None)
        self.axes.margins(x=0, y=0.04)
        self.axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
        self.axes.xaxis.set_major_formatter(_formatter(share=False))

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place of a value in the drawing."""
        x, y = self.axes.transData.transform((x, y))
        return x, self.height - y

    def lines(self, x: Sequence[float], y: Sequence[float], css: str) -> None:
        """Connected points, broken at NaN."""
        self.axes.plot(x, y, clip_on=False, gid=css)

    def marks(self, x: Sequence[float], y: Sequence[float], css: str) -> None:
        self.axes.plot(x, y, "o", linestyle="None", clip_on=False, gid=css)

    def segments(self, segments: Iterable[tuple[float, float, float, float]], css: str) -> None:
        """Straight lines from (x0, y0) to (x1, y1) as one path."""
        ends = [((x0, x1, np.nan), (y0, y1, np.nan)) for x0, y0, x1, y1 in segments]
        self.lines([x for xs, _ in ends for x in xs], [y for _, ys in ends for y in ys], css)

    def plot(self, curves: Sequence[Curve], share: bool) -> None:
        """Curves, with marks and error bars where they have them."""
        for curve in curves:
            color = f"c{curve.color % 8}"
            x, y, _ = zip(*curve.points, strict=True)
            if len(x) > 1:
                self.lines(x, y, f"curve {color}" + (" dashed" if curve.dashed else ""))
            if len(x) == 1 or (curve.marks and len(x) <= 60):
                self.marks(x, y, color)
                bars = [(x, y - e, x, y + e) for x, y, e in curve.points if e is not None and e >= 0]
                self.segments(bars, f"bar {color}")
        self.axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        self.axes.yaxis.set_major_formatter(_formatter(share))

    def drawing(self, label: str, hits: list[tuple[Rectangle, str]], row: float | None = None) -> Drawing:
        elements = render(self.figure, self.width, self.height)
        return Drawing(self.width, self.height, elements, label, hits, row)

    def curves_drawing(self, title: str, curves: Sequence[Curve], unit: str, share: bool) -> Drawing:
        """A drawing whose label says where each curve begins and ends, and whose columns give the values there."""
        format_value = formatting.percent if share else formatting.significant
        label = _in_words(title, curves, unit, format_value)
        return self.drawing(label, list(self._columns(curves, unit, format_value)))

    def _columns(
        self, curves: Sequence[Curve], unit: str, format_value: Callable[[float], str]
    ) -> Iterator[tuple[Rectangle, str]]:
        xs = sorted({x for curve in curves for x, _, _ in curve.points})
        number = min(COLUMNS, len(xs))
        chosen = [xs[place * (len(xs) - 1) // max(1, number - 1)] for place in range(number)]
        places = [self.at(x, 1.0)[0] for x in chosen]
        edges = [self.left, *((a + b) / 2 for a, b in pairwise(places)), self.width - RIGHT]
        reach = (xs[-1] - xs[0]) / COLUMNS
        for x, (left, right) in zip(chosen, pairwise(edges), strict=True):
            nearest = [(curve.name, min(curve.points, key=lambda p: abs(p[0] - x))) for curve in curves[:MAX_NAMED]]
            values = [f"{name}: {format_value(point[1])}" for name, point in nearest if abs(point[0] - x) <= reach]
            yield (left, TOP, right - left, self.height - TOP - BOTTOM), "\n".join([f"{unit} {x:g}", *values])


def draw_panel(drawn: PanelCurves) -> Drawing:
    """A panel of curves over updates."""
    panel, most = drawn.panel, max(40, 240 // max(1, len(drawn.curves) // 3))
    canvas = _Canvas(340.0, 186.0)
    canvas.plot([replace(curve, points=thin(curve.points, most)) for curve in drawn.curves], panel.share)
    low, high = canvas.axes.get_ylim()
    values = [y for curve in drawn.curves for _, y, _ in curve.points]
    if panel.zero:
        canvas.axes.set_ylim(min(0.0, low if min(values) < 0 else 0.0), max(high, 0.0))
    if panel.share and max(values) <= 1:
        canvas.axes.set_ylim(top=min(high, 1.0) if max(values) < 1 or high > 1 else high)
    if panel.log and min(values) > 0 and max(values) > 8 * min(values):
        canvas.axes.set_yscale("log")
        canvas.axes.set_ylim(min(values) / 1.1, max(values) * 1.1)
        canvas.axes.yaxis.set_major_locator(
            LogLocator(subs=(1, 2, 5) if max(values) < 100 * min(values) else (1,), numticks=6)
        )
        canvas.axes.yaxis.set_major_formatter(_formatter(panel.share))
        canvas.axes.yaxis.set_minor_locator(NullLocator())
    return canvas.curves_drawing(panel.title, drawn.curves, "update", panel.share)


def draw_passes(results: TaskResults) -> tuple[Drawing, list[tuple[str, int]]] | None:
    """pass@k over k of each variant, and the entries of the legend."""
    curves = []
    for result in results.variants:
        passes = result.pass_at(results.main_temperature or 0.0)
        points = [(float(k), one.mean, one.plus_minus) for k, one in passes.items()]
        if len(points) > 1:
            curves.append(Curve(result.name, points, result.color, marks=True))
    if not curves:
        return None
    ks = sorted({x for curve in curves for x, _, _ in curve.points})
    canvas = _Canvas(380.0, 230.0)
    canvas.axes.set_xscale("log")
    canvas.plot(curves, share=True)
    canvas.axes.set_ylim(top=1.0)
    canvas.axes.xaxis.set_major_locator(FixedLocator(ks[:: max(1, -(-len(ks) // 8))]))
    canvas.axes.xaxis.set_major_formatter(_formatter(share=False))
    canvas.axes.xaxis.set_minor_locator(NullLocator())
    return canvas.curves_drawing("pass@k", curves, "k", share=True), [(curve.name, curve.color) for curve in curves]


def draw_variants(results: TaskResults, goal: float | None) -> Drawing:
    """Shares of correct answers: a row for each variant, a mark for each temperature, whiskers of ±, each run a dot."""
    measures, step = results.accuracies(), 13.0
    each = step * len(measures) + 14.0
    canvas = _Canvas(380.0, TOP + BOTTOM + each * len(results.variants), left=96.0, grid="x")
    words, hits, ends = [], [], [] if goal is None else [goal]
    for place, result in enumerate(results.variants):
        color, estimates = f"c{result.color % 8}", []
        for shape, measure in enumerate(measures):
            estimate = result.estimate(measure)
            if estimate is not None:
                estimates.append(f"{measure.title} {estimate}")
                y = each * (place + 0.5) + step * (shape - (len(measures) - 1) / 2)
                low, high = (estimate.mean + sign * (estimate.plus_minus or 0.0) for sign in (-1, 1))
                canvas.segments([(low, y, high, y)], f"whisker {color}")
                if estimate.over_runs:
                    canvas.marks(estimate.values, [y] * len(estimate.values), f"{color} single")
                for css in shape_classes(shape):
                    canvas.marks([estimate.mean], [y], f"{color} {css}")
                ends += [low, high, *estimate.values]
                area = (96.0, TOP + y - step / 2, 380.0 - 96.0 - RIGHT, step)
                hits.append((area, f"{result.name}, {measure.title}: {estimate}"))
        words.append(f"{result.name}: {formatting.join_words(estimates)}")
    if goal is not None:
        canvas.segments([(goal, 0, goal, each * len(results.variants))], "goal")
    low = max(0.0, min(ends, default=0.0) - 0.04)
    canvas.axes.set(xlim=(low, max(min(1.0, max(ends, default=1.0) + 0.04), low + 0.1)), ylim=(each * len(words), 0))
    canvas.axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    canvas.axes.xaxis.set_major_formatter(_formatter(share=True))
    names = [result.name if len(result.name) <= 15 else result.name[:14] + "…" for result in results.variants]
    canvas.axes.set_yticks([each * (place + 0.5) for place in range(len(names))], labels=names)
    for tick in canvas.axes.yaxis.get_major_ticks():
        tick.label1.set_gid("row")
    return canvas.drawing("Share of correct answers by variant. " + "; ".join(words), hits)


def draw_loads(loads: ExpertLoads) -> Drawing:
    """A heat map: a row for each expert, a column for a stretch of updates."""
    rows, columns = loads.table.shape
    row = max(2.0, min(14.0, 150.0 / rows))
    canvas = _Canvas(340.0, TOP + BOTTOM + row * rows, grid=None)
    last = max(loads.last, loads.first + 1)
    edges = np.linspace(loads.first, last, columns + 1)
    canvas.axes.set(xlim=(loads.first, last), ylim=(rows - 0.5, -0.5))
    canvas.axes.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
    canvas.axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * loads.per_row:g}"))
    for level in np.unique(loads.levels):
        cells = ((start, y, stop) for y in range(rows) for start, stop in _stretches(loads.levels[y] == level))
        canvas.segments(((edges[start], y, edges[stop], y) for start, y, stop in cells), f"heat h{level}")
    hits = []
    for place, values in enumerate(loads.table):
        first, last_expert = place * loads.per_row, min(loads.experts, (place + 1) * loads.per_row) - 1
        name = f"expert {first}" if first == last_expert else f"experts {first} to {last_expert}"
        text = (
            f"{values[0]:.2f} to {values[-1]:.2f} of the mean, at least {values.min():.2f}, at most {values.max():.2f}"
        )
        hits.append(((LEFT, TOP + place * row, 340.0 - LEFT - RIGHT, row), f"{name}: {text}"))
    final = loads.table[:, -1]
    label = (
        f"Load of the {loads.experts} experts of {loads.router}, updates {loads.first:g} to {loads.last:g}: "
        f"at the end between {final.min():.2f} and {final.max():.2f} of the mean load"
    )
    return canvas.drawing(label, hits, row)


def shape_classes(place: int) -> tuple[str, ...]:
    """The style classes of the marks that make the shape of a measure: a dot, a ring, a square."""
    return (("",), ("ring", "hole"), ("square",))[place % 3]


def _stretches(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """(start, stop) of the stretches that are True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _formatter(share: bool) -> FuncFormatter:
    """Percent, or numbers with k, M … for thousands, millions …"""

    def format_tick(value: float, _place: int | None) -> str:
        if share:
            return f"{100 * value:.4g}%"
        unit = next(((bound, sign) for bound, sign in _UNITS if abs(value) >= bound), (1.0, ""))
        return f"{value / unit[0]:.4g}{unit[1]}".replace("e-0", "e-").replace("-", formatting.MINUS)

    return FuncFormatter(format_tick)


def _in_words(title: str, curves: Sequence[Curve], unit: str, format_value: Callable[[float], str]) -> str:
    """The alternative text: where each curve begins and ends."""
    parts = []
    for curve in curves[:MAX_NAMED]:
        (x0, y0, _), (x1, y1, _) = curve.points[0], curve.points[-1]
        end = f", {format_value(y1)} at {x1:g}" if len(curve.points) > 1 else ""
        parts.append(f"{curve.name}: {format_value(y0)} at {unit} {x0:g}{end}")
    more = f"; and {len(curves) - MAX_NAMED} more" if len(curves) > MAX_NAMED else ""
    return f"{title}. {'; '.join(parts)}{more}"
