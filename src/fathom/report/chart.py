"""Curves as SVG: small, drawn by hand, colored by the style sheet, so that dark and light need no second drawing.

A chart names itself for people who hear the page: its label says where every curve begins and ends. Under the pointer,
invisible columns tell the values of their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fathom.report import formatting as spell
from fathom.report.html import Html, coordinate, join, tag
from fathom.report.scale import Scale, extent, linear_ticks, log_ticks, tick_label

WIDTH, HEIGHT = 340.0, 196.0
LEFT, RIGHT, TOP, BOTTOM = 42.0, 10.0, 10.0, 26.0
COLUMNS = 24
"""Places of a chart that tell their values."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """``points`` by x. ``errors`` (one each) draw bars of ± error; ``marks`` draw the points themselves. ``faint`` is
    for what stands behind the others, as one of many seeds.
    """

    name: str
    points: Sequence[Point]
    color: int = 0
    dashed: bool = False
    faint: bool = False
    marks: bool = False
    errors: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """``share``: y is a share, written in percent. ``zero``: the axis begins at 0. ``log_y`` falls back to a linear
    axis where a value is not positive. ``top`` bounds the axis.
    """

    title: str
    series: Sequence[Series]
    x: str = "update"
    share: bool = False
    zero: bool = False
    log_x: bool = False
    log_y: bool = False
    top: float | None = None
    goal: float | None = None
    x_ticks: Sequence[float] | None = None


def draw(chart: Chart, *, width: float = WIDTH, height: float = HEIGHT) -> Html:
    """The chart as an ``svg`` element. There must be at least one point. What x is, the page says once for all."""
    xs = [x for one in chart.series for x, _ in one.points]
    ys = [y for one in chart.series for y in _reach(one)]
    log_y = chart.log_y and min(ys) > 0
    log_x = chart.log_x and min(xs) > 0
    low_x, high_x = (min(xs), max(xs)) if max(xs) > min(xs) else extent(xs, log=log_x)
    low_y, high_y = extent([*ys, *([chart.goal] if chart.goal is not None else [])], log=log_y, zero=chart.zero)
    if chart.top is not None:
        high_y = min(high_y, chart.top) if max(ys) < chart.top else max(chart.top, *ys)
    across = Scale(low_x, high_x, LEFT, width - RIGHT, log_x)
    up = Scale(low_y, high_y, height - BOTTOM, TOP, log_y)
    return tag(
        "svg",
        _grid(up, low_y, high_y, width, share=chart.share, log=log_y),
        _foot(across, low_x, high_x, width, height, chart, log=log_x),
        None if chart.goal is None else tag("path", class_="goal", d=_across(up(chart.goal), width)),
        [_curve(one, across, up) for one in sorted(chart.series, key=lambda one: not one.faint)],
        _columns(chart, across, height),
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        role="img",
        aria_label=text_alternative(chart),
        class_="chart",
    )


def text_alternative(chart: Chart) -> str:
    """The chart in words."""
    told = []
    for one in chart.series[:8]:
        if one.points:
            (x0, y0), (x1, y1) = one.points[0], one.points[-1]
            ends = f"{value(y0, chart)} at {chart.x} {x0:g}"
            told.append(f"{one.name}: {ends}" + (f", {value(y1, chart)} at {x1:g}" if len(one.points) > 1 else ""))
    more = len(chart.series) - len(told)
    return f"{chart.title}. {'; '.join(told)}" + (f"; and {more} more" if more > 0 else "")


def value(y: float, chart: Chart) -> str:
    """A value of the chart as text."""
    return spell.percent(y) if chart.share else spell.significant(y)


def thin(points: Sequence[Point], most: int = 240) -> list[Point]:
    """At most about ``most`` points: of every stretch the lowest and the highest, so that no spike is lost."""
    if len(points) <= most:
        return list(points)
    kept = [points[0]]
    stretches = max(1, (most - 2) // 2)
    inner = points[1:-1]
    for place in range(stretches):
        part = inner[place * len(inner) // stretches : (place + 1) * len(inner) // stretches]
        if part:
            kept += sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
    return [*kept, points[-1]]


def _reach(one: Series) -> list[float]:
    """Every y that must be seen, bars of error included."""
    errors = one.errors or [None] * len(one.points)
    pairs = list(zip(one.points, errors, strict=False))
    return [y + sign * (error or 0.0) for (_, y), error in pairs for sign in ((-1, 1) if error else (1,))]


def _grid(up: Scale, low: float, high: float, width: float, *, share: bool, log: bool) -> Html:
    ticks = log_ticks(low, high) if log else linear_ticks(low, high)
    return join(
        tag("path", class_="grid", d="".join(_across(up(tick), width) for tick in ticks)),
        [
            tag(
                "text",
                tick_label(tick, ticks, share=share),
                x=LEFT - 6,
                y=up(tick) + 3.5,
                class_="tick",
                text_anchor="end",
            )
            for tick in ticks
        ],
    )


def _across(y: float, width: float) -> str:
    return f"M{coordinate(LEFT)} {coordinate(y)}H{coordinate(width - RIGHT)}"


def _foot(across: Scale, low: float, high: float, width: float, height: float, chart: Chart, *, log: bool) -> Html:
    places = {x for one in chart.series for x, _ in one.points}
    given = chart.x_ticks or (list(places) if len(places) == 1 else None)
    ticks = list(given) if given else log_ticks(low, high) if log else linear_ticks(low, high, 4)
    whole = [tick for tick in ticks if float(tick).is_integer()] if not log else ticks
    base = height - BOTTOM
    return join(
        tag("path", class_="axis", d=f"M{coordinate(LEFT)} {coordinate(base)}H{coordinate(width - RIGHT)}"),
        [
            tag("text", tick_label(tick, ticks), x=across(tick), y=base + 14, class_="tick", text_anchor="middle")
            for tick in whole
        ],
    )


def _curve(one: Series, across: Scale, up: Scale) -> Html:
    points = [(across(x), up(y)) for x, y in one.points]
    look = f"c{one.color % 8}" + (" faint" if one.faint else "") + (" dashed" if one.dashed else "")
    path = "M" + "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in points)
    bars = "".join(
        f"M{coordinate(across(x))} {coordinate(up(y - error))}V{coordinate(up(y + error))}"
        for (x, y), error in zip(one.points, one.errors or (), strict=False)
        if error
    )
    single = len(points) == 1 or one.marks
    return tag(
        "g",
        tag("path", class_="curve", d=path) if len(points) > 1 else None,
        tag("path", class_="bar", d=bars) if bars else None,
        [tag("circle", cx=x, cy=y, r=2.6) for x, y in points] if single else None,
        class_=look,
    )


def _columns(chart: Chart, across: Scale, height: float) -> Html | None:
    """Invisible, one for each of some places; their titles tell the values there."""
    places = sorted({x for one in chart.series for x, _ in one.points})
    if not places:
        return None
    step = max(1, -(-len(places) // COLUMNS))
    shown = places[::-1][::step][::-1]
    edges = [across(x) for x in shown]
    found = []
    for place, x in enumerate(shown):
        begin = (edges[place - 1] + edges[place]) / 2 if place else LEFT
        end = (edges[place] + edges[place + 1]) / 2 if place + 1 < len(edges) else across.end
        told = [
            f"{one.name}: {value(y, chart)}" for one in chart.series[:12] if (y := _near(one.points, x)) is not None
        ]
        column = tag("title", "\n".join([f"{chart.x} {x:g}", *told]))
        found.append(
            tag("rect", column, x=begin, y=TOP, width=max(0.1, end - begin), height=height - TOP - BOTTOM, class_="hit")
        )
    return join(*found)


def _near(points: Sequence[Point], x: float) -> float | None:
    """y of the point nearest to x; None beyond the ends."""
    if not points or x < points[0][0] or x > points[-1][0]:
        return None
    return min(points, key=lambda point: abs(point[0] - x))[1]
