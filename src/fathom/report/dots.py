"""Arms beside one another: a row an arm, a mark a measure, whiskers of ±, and every single run as a small dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fathom.report.formatting import join_words
from fathom.report.html import Html, coordinate, join, tag
from fathom.report.measures import Board, Estimate, Measure, Result
from fathom.report.scale import Scale, linear_ticks, tick_label
from fathom.report.verdicts import with_error

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 380.0, 96.0, 14.0, 8.0, 26.0
BETWEEN = 13.0
"""From one measure of an arm to the next."""

SHAPES = ("dot", "ring", "diamond")


def draw(board: Board, measures: Sequence[Measure], colors: Mapping[str, int], goal: float | None = None) -> Html:
    """Shares of right answers as an ``svg`` element; ``goal`` is a line across it."""
    rows = [(result, [result.estimate(measure) for measure in measures]) for result in board.results]
    each = BETWEEN * len(measures) + 14
    height = TOP + each * len(rows) + BOTTOM
    across = Scale(*_ends(rows, goal), LEFT, WIDTH - RIGHT)
    ticks = linear_ticks(across.low, across.high)
    base = height - BOTTOM
    return tag(
        "svg",
        tag(
            "path",
            class_="grid",
            d="".join(f"M{coordinate(across(tick))} {TOP:g}V{coordinate(base)}" for tick in ticks),
        ),
        [
            tag(
                "text",
                tick_label(tick, ticks, share=True),
                x=across(tick),
                y=base + 15,
                class_="tick",
                text_anchor="middle",
            )
            for tick in ticks
        ],
        None
        if goal is None
        else tag("path", class_="goal", d=f"M{coordinate(across(goal))} {TOP:g}V{coordinate(base)}"),
        [
            _row(result, found, measures, TOP + place * each, each, across, colors.get(result.name, 7))
            for place, (result, found) in enumerate(rows)
        ],
        viewBox=f"0 0 {coordinate(WIDTH)} {coordinate(height)}",
        role="img",
        aria_label=text_alternative(rows, measures),
        class_="chart",
    )


def text_alternative(rows: Sequence[tuple[Result, Sequence[Estimate | None]]], measures: Sequence[Measure]) -> str:
    """The drawing in words."""
    told = []
    for result, found in rows:
        known = [f"{m.title} {with_error(one)}" for m, one in zip(measures, found, strict=True) if one is not None]
        told.append(f"{result.name}: {join_words(known)}")
    return "Share of right answers by arm. " + "; ".join(told)


def key(measures: Sequence[Measure]) -> Html:
    """What the marks mean."""
    return tag(
        "ul",
        [
            tag(
                "li",
                tag(
                    "svg",
                    _mark(SHAPES[place % 3], 6.0, 6.0),
                    viewBox="0 0 12 12",
                    class_="swatch c1",
                    aria_hidden="true",
                ),
                measure.title,
            )
            for place, measure in enumerate(measures)
        ],
        class_="legend",
    )


def _ends(rows: Sequence[tuple[Result, Sequence[Estimate | None]]], goal: float | None) -> tuple[float, float]:
    values = [goal] if goal is not None else []
    for _, found in rows:
        for one in found:
            if one is not None:
                off = one.plus_minus or 0.0
                values += [one.mean - off, one.mean + off, *one.values]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = 0.04
    return max(0.0, low - room), max(min(1.0, high + room), low + 0.1)


def _row(
    result: Result,
    found: Sequence[Estimate | None],
    measures: Sequence[Measure],
    top: float,
    each: float,
    across: Scale,
    color: int,
) -> Html:
    middle = top + each / 2
    name = result.name if len(result.name) <= 16 else result.name[:15] + "…"
    marks = []
    for place, (measure, one) in enumerate(zip(measures, found, strict=True)):
        if one is None:
            continue
        y = middle + (place - (len(measures) - 1) / 2) * BETWEEN
        off = one.plus_minus
        whisker = (
            f"M{coordinate(across(one.mean - off))} {coordinate(y)}H{coordinate(across(one.mean + off))}"
            if off
            else None
        )
        told = tag("title", f"{result.name}, {measure.title}: {with_error(one)}")
        single = [
            tag("circle", cx=across(value), cy=y, r=1.5, class_="single") for value in one.values if one.over_runs
        ]
        marks.append(
            tag(
                "g",
                told,
                None if whisker is None else tag("path", class_="whisker", d=whisker),
                single,
                _mark(SHAPES[place % 3], across(one.mean), y),
            )
        )
    return join(
        tag("text", name, x=LEFT - 12, y=middle + 4, class_="row", text_anchor="end"),
        tag("g", marks, class_=f"c{color % 8}"),
    )


def _mark(shape: str, x: float, y: float) -> Html:
    if shape == "diamond":
        return tag("path", class_="mark", d=f"M{coordinate(x)} {coordinate(y - 4.5)}l4.5 4.5l-4.5 4.5l-4.5-4.5z")
    return tag("circle", cx=x, cy=y, r=3.6, class_="mark" if shape == "dot" else "mark ring")
