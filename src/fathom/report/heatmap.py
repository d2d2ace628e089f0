"""The load of experts over a run: a row an expert, a column a stretch of updates, colors by the share of the mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from fathom.report import formatting as spell
from fathom.report.html import Html, coordinate, join, tag
from fathom.report.run import STEPS, Run
from fathom.report.scale import Scale, linear_ticks, tick_label
from fathom.report.values import number, text

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 340.0, 42.0, 10.0, 6.0, 26.0
COLUMNS, ROWS, LAYERS = 48, 64, 6
"""At most so many in a drawing: of more updates and experts neighbours are averaged, of more layers some are shown."""

LEVELS = (0.02, 0.5, 0.8, 1.25, 2.0, 3.0)
"""Bounds between the seven colors, as shares of the mean load: all but dead, idle … balanced … overloaded."""


@dataclass(frozen=True, slots=True)
class Loads:
    """Of one router: ``table[expert][column]`` is a share of the mean load, None where nothing was routed.

    A row stands for ``together`` experts, columns lie between the updates ``first`` and ``last``.
    """

    router: str
    table: list[list[float | None]]
    together: int
    experts: int
    first: float
    last: float


def loads(run: Run) -> tuple[list[Loads], int]:
    """What a run's lines say of its routers, and how many routers there are."""
    found: dict[str, list[tuple[float, list[float]]]] = {}
    for kind in ("train", STEPS):
        for line in run.lines.get(kind, ()):
            step, by_router = number(line.get("step")), line.get("loads")
            if step is None or not isinstance(by_router, dict):
                continue
            for router, counts in by_router.items():
                if isinstance(counts, list) and 0 < len(counts) <= 4096:
                    shares = _shares(counts)
                    if shares is not None:
                        found.setdefault(router, []).append((step, shares))
    routers = list(found)
    some = routers if len(routers) <= LAYERS else [routers[place * len(routers) // LAYERS] for place in range(LAYERS)]
    return [_table(router, found[router]) for router in some], len(routers)


def _shares(counts: Sequence[object]) -> list[float] | None:
    values = [number(one) for one in counts]
    known = [value for value in values if value is not None and value >= 0]
    mean = sum(known) / len(values)
    return [value / mean for value in known] if len(known) == len(values) and mean > 0 else None


def _table(router: str, seen: list[tuple[float, list[float]]]) -> Loads:
    size = len(seen[-1][1])
    seen = sorted((one for one in seen if len(one[1]) == size), key=lambda one: one[0])
    together = ceil(size / ROWS)
    columns = min(COLUMNS, len(seen))
    parts = [seen[place * len(seen) // columns : (place + 1) * len(seen) // columns] for place in range(columns)]
    table: list[list[float | None]] = []
    for begin in range(0, size, together):
        mine = range(begin, min(size, begin + together))
        row = [[shares[expert] for _, shares in part for expert in mine] for part in parts]
        table.append([sum(values) / len(values) if values else None for values in row])
    return Loads(_router_label(router), table, together, size, seen[0][0], seen[-1][0])


def _router_label(router: str) -> str:
    """``layers.3.mlp.router`` → ``layer 3``."""
    if match := re.fullmatch(r"layers\.(\d{1,4})\.mlp\.router", router):
        return f"layer {match[1]}"
    if match := re.fullmatch(r"mtp\.(\d{1,4})\.block\.mlp\.router", router):
        return f"MTP module {match[1]}"
    return text(router, 60)


def draw(found: Loads) -> Html:
    """As an ``svg`` element: one path a color, so that a large table stays small."""
    columns = len(found.table[0])
    row_height = max(2.0, min(14.0, 150.0 / len(found.table)))
    height = TOP + row_height * len(found.table) + BOTTOM
    cell = (WIDTH - LEFT - RIGHT) / columns
    paths = [""] * (len(LEVELS) + 1)
    for row, values in enumerate(found.table):
        for level, begin, size in _runs(values):
            y = coordinate(TOP + row * row_height)
            paths[level] += f"M{coordinate(LEFT + begin * cell)} {y}h{coordinate(size * cell)}v{coordinate(row_height)}"
            paths[level] += f"h{coordinate(-size * cell)}z"
    return tag(
        "svg",
        [tag("path", class_=f"h{level}", d=path) for level, path in enumerate(paths) if path],
        _sides(found, row_height, height),
        [_row(found, row, row_height) for row in range(len(found.table))],
        viewBox=f"0 0 {coordinate(WIDTH)} {coordinate(height)}",
        role="img",
        aria_label=text_alternative(found),
        class_="chart heat",
    )


def text_alternative(found: Loads) -> str:
    """The drawing in words."""
    ends = [row[-1] for row in found.table]
    known = [value for value in ends if value is not None]
    now = f"at the end between {min(known):.2f} and {max(known):.2f} of the mean load" if known else "no load"
    return f"Load of the {found.experts} experts of {found.router}, updates {found.first:g} to {found.last:g}: {now}"


def level(share: float) -> int:
    """Which color: 0 is dead, 3 balanced, 6 three times the mean and more."""
    return sum(share >= bound for bound in LEVELS)


def _runs(values: Sequence[float | None]) -> Iterator[tuple[int, int, int]]:
    """(level, first column, columns) of neighbours that look alike."""
    begin = 0
    while begin < len(values):
        one = values[begin]
        size = 1
        if one is not None:
            while begin + size < len(values):
                other = values[begin + size]
                if other is None or level(other) != level(one):
                    break
                size += 1
            yield level(one), begin, size
        begin += size


def _sides(found: Loads, row_height: float, height: float) -> Html:
    experts = [tick for tick in linear_ticks(0, found.experts - 1, 4) if tick.is_integer()]
    across = Scale(found.first, found.last, LEFT, WIDTH - RIGHT)
    ticks = [tick for tick in linear_ticks(found.first, found.last, 4) if tick.is_integer()]
    return join(
        [
            tag(
                "text",
                f"{tick:g}",
                x=LEFT - 6,
                y=TOP + (tick / found.together + 0.5) * row_height + 3.5,
                class_="tick",
                text_anchor="end",
            )
            for tick in experts
        ],
        [
            tag("text", tick_label(tick, ticks), x=across(tick), y=height - 10, class_="tick", text_anchor="middle")
            for tick in ticks
            if found.last > found.first
        ],
    )


def _row(found: Loads, row: int, row_height: float) -> Html:
    known = [value for value in found.table[row] if value is not None]
    first = row * found.together
    name = f"expert {first}" if found.together == 1 else f"experts {first} to {first + found.together - 1}"
    told = (
        f"{name}: {known[0]:.2f} to {known[-1]:.2f} of the mean, at least {min(known):.2f}, at most {max(known):.2f}"
        if known
        else name
    )
    return tag(
        "rect",
        tag("title", told),
        x=LEFT,
        y=TOP + row * row_height,
        width=WIDTH - LEFT - RIGHT,
        height=row_height,
        class_="hit",
    )


def key() -> Html:
    """What the colors mean."""
    bounds = ["dead", *(f"{bound:g}×" for bound in LEVELS[1:])]
    names = [f"{bounds[place]}" for place in range(len(bounds))]
    said = [
        names[0],
        f"below {names[1]}",
        f"to {names[2]}",
        f"to {names[3]}: balanced",
        f"to {names[4]}",
        f"to {names[5]}",
        "more",
    ]
    return tag(
        "ul",
        [tag("li", _swatch(place), word) for place, word in enumerate(said)],
        class_="legend",
        aria_label=f"Colors of the load of experts, as shares of the mean; {spell.with_unit(len(said), 'level')}",
    )


def _swatch(place: int) -> Html:
    return tag(
        "svg",
        tag("rect", width=12, height=12, class_=f"h{place}"),
        viewBox="0 0 12 12",
        class_="swatch",
        aria_hidden="true",
    )
