"""Levels of difficulty: how each went while it was learned, and what each arm can do on it at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fathom.report import chart
from fathom.report import formatting as spell
from fathom.report.chart import Chart, Series, thin
from fathom.report.figure import figure, legend, table
from fathom.report.html import Child, Html, join, tag
from fathom.report.measures import Board, Measure
from fathom.report.run import STEPS, Run
from fathom.report.tables import NONE, cell, plain
from fathom.report.values import Record, number, text

MOST, MOST_RUNS = 16, 3
"""Levels, and runs, that are drawn."""

CURVES = (
    ("evaluation", "pass@1", "pass@1 on validation by level"),
    (STEPS, "recent", "right lately, by level"),
    (STEPS, "share", "share of the draw, by level"),
)
"""(kind of line, key below a level's name, title)."""


BEYOND = ("level", "problems", "unsolved by the base", "solved by the model", "by the base, asked again", "p", "lost")
"""Columns of the table of problems that the base does not solve."""


def level_curves(runs: Sequence[Run]) -> Html | None:
    """The levels of runs that had some; None where none had."""
    parts: list[Html] = []
    for run in [run for run in runs if _names([run])][:MOST_RUNS]:
        names = _names([run])
        charts = [figure(chart.draw(one), one.title[:1].upper() + one.title[1:] + ".") for one in _charts(run, names)]
        if charts:
            parts += [
                tag("h3", f"Levels of {run.label}" if len(runs) > 1 else "Levels"),
                legend([(text(name, 40), place) for place, name in enumerate(names)]),
                tag("div", charts, class_="panels"),
            ]
    return join(*parts) if parts else None


def level_results(board: Board) -> Html | None:
    """pass@1, and pass@k of the largest k, of each arm on each level."""
    main = board.main
    runs = [one.run for result in board.results for one in result.measured]
    names = [name for name in _names(runs) if "." not in name]
    if main is None or not names:
        return None
    k = max((k for result in board.results for k in result.ks(main)), default=1)
    rows = []
    for name in names:
        cells: list[Child] = [text(name, 40)]
        for key in dict.fromkeys(("pass@1", f"pass@{k}")):
            measure = Measure("", f"levels.{name}.{key}", main)
            cells += [cell(measure, result.estimate(measure)) for result in board.results]
        rows.append(cells)
    heads = [f"{result.name}, {key}" for key in dict.fromkeys(("pass@1", f"pass@{k}")) for result in board.results]
    return table(plain(["level", *heads], rows, "Measurements by level"), f"By level, at T = {main:g}, in percent.")


def _charts(run: Run, names: Sequence[str]) -> Iterator[Chart]:
    for kind, key, title in CURVES:
        series = []
        for place, name in enumerate(names):
            points = list(_points(run, kind, name, key))
            if points:
                series.append(
                    Series(text(name, 40), thin(points), place, dashed=place >= 8, marks=kind == "evaluation")
                )
        if series:
            yield Chart(title, series, x="step", share=True, zero=True, top=1.0)


def _points(run: Run, kind: str, name: str, key: str) -> Iterator[tuple[float, float]]:
    for line in run.lines.get(kind, ()):
        levels = line.get("levels")
        inner = levels.get(name) if isinstance(levels, dict) else None
        x, y = number(line.get("step")), number(inner.get(key)) if isinstance(inner, dict) else None
        if x is not None and y is not None:
            yield x, y


def _names(runs: Sequence[Run]) -> list[str]:
    """Every level that is spoken of, in order."""
    found: dict[str, None] = {}
    for run in runs:
        for kind in ("evaluation", STEPS, "measure"):
            for line in run.lines.get(kind, ()):
                if isinstance(levels := line.get("levels"), dict):
                    found.update(dict.fromkeys(name for name, inner in levels.items() if isinstance(inner, dict)))
    return list(found)[:MOST]


def beyond(runs: Sequence[Run]) -> Html:
    """What models solve of the problems that their bases did not solve at all; empty where nobody looked."""
    parts: list[Html] = []
    for run in runs:
        lines = [line for line in run.lines.get("beyond", ()) if number(line.get("unsolved")) is not None]
        if lines:
            rows = [_beyond(line) for line in lines[: MOST + 1]]
            samples = number(lines[0].get("samples"))
            tries = spell.with_unit(int(samples), "sample") if samples else "its samples"
            caption = (
                f"{run.label}: problems of which the base solves none in {tries}: how many of them the model solves, "
                "and the base with as many fresh ones. In brackets 95 % intervals; p is the chance of counts so "
                "uneven if both were as able; lost is what only the base solves."
            )
            parts.append(table(plain(BEYOND, rows, "Beyond the base"), caption))
    return join(*parts)


def _beyond(line: Record) -> list[Child]:
    p = number(line.get("p_value"))
    return [
        text(line.get("level"), 40) or "all",
        _whole(line.get("problems")),
        _whole(line.get("unsolved")),
        _share(line.get("solved"), line.get("interval")),
        _share(line.get("control"), line.get("control_interval")),
        NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}",
        _whole(line.get("lost")),
    ]


def _whole(value: object) -> str:
    found = number(value)
    return NONE if found is None else spell.size(found)


def _share(amount: object, interval: object) -> Child:
    ends = [number(one) for one in interval] if isinstance(interval, list) and len(interval) == 2 else [None]
    known = [end for end in ends if end is not None]
    within = f" [{spell.share(known[0])}, {spell.percent(known[1])}]" if len(known) == 2 else ""
    return [_whole(amount), tag("span", within, class_="pm") if within else None]
