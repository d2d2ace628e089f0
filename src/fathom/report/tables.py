"""Tables as a paper sets them: few lines, numbers under numbers, what is uncertain beside what is said."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report import formatting as spell
from fathom.report.changes import Change
from fathom.report.html import Child, Html, tag
from fathom.report.measures import Board, Estimate, Measure, accuracies, manners, passes, traces
from fathom.report.readiness import ReadinessVerdict

NONE = "–"


def scrolling(table: Html, name: str) -> Html:
    """A table that may be wider than a phone; the keyboard reaches it."""
    return tag("div", table, class_="scroll", role="region", tabindex="0", aria_label=name)


def arms(board: Board, learned: Sequence[str]) -> Html:
    """Every measure by arm; ``learned`` are the names of arms that stand out."""
    groups = (
        ("Right answers, %", accuracies(board)),
        (f"pass@k at T = {board.main:g}, %" if board.main is not None else "pass@k, %", passes(board)),
        ("How it answers", manners(board)),
        ("In its thoughts", traces(board)),
    )
    heads = [
        tag(
            "th",
            result.name,
            _runs(len(result.measured)),
            scope="col",
            class_="learned" if result.name in learned else None,
        )
        for result in board.results
    ]
    bodies = []
    for title, measures in groups:
        rows = [row for measure in measures if (row := _row(board, measure, learned)) is not None]
        if rows:
            bodies.append(
                tag(
                    "tbody",
                    tag("tr", tag("th", title, scope="rowgroup"), tag("td", colspan=str(len(heads))), class_="group"),
                    rows,
                )
            )
    head = tag("thead", tag("tr", tag("td"), heads))
    return scrolling(tag("table", head, bodies, class_="arms"), f"Measurements on {board.task} by arm")


def _runs(amount: int) -> Html | None:
    return tag("small", spell.with_unit(amount, "run")) if amount > 1 else None


def _row(board: Board, measure: Measure, learned: Sequence[str]) -> Html | None:
    found = [result.estimate(measure) for result in board.results]
    known = [one.mean for one in found if one is not None]
    if not known:
        return None
    ranked = measure.path.startswith("pass@") or measure.path == "lenient"
    best = max(known) if ranked and len(known) > 1 else None
    cells = [
        tag(
            "td",
            cell(measure, one, bold=one is not None and best is not None and _same(one.mean, best)),
            class_="learned" if result.name in learned else None,
        )
        for result, one in zip(board.results, found, strict=True)
    ]
    return tag("tr", tag("th", measure.title, tag("small", measure.hint) if measure.hint else None, scope="row"), cells)


def _same(one: float, other: float) -> bool:
    return spell.share(one) == spell.share(other)


def cell(measure: Measure, found: Estimate | None, *, bold: bool = False) -> Child:
    if found is None:
        return tag("span", NONE, class_="none", aria_label="not measured")
    value = figure(measure, found.mean)
    off = found.plus_minus
    return [
        tag("b", value) if bold else value,
        None if off is None else tag("span", f" ± {figure(measure, off)}", class_="pm"),
    ]


def figure(measure: Measure, value: float) -> str:
    """Shares in percent, numbers to a tenth."""
    return spell.share(value) if measure.unit == "share" else f"{value:.1f}"


def verdicts(found: Sequence[ReadinessVerdict]) -> Html:
    """Aims with their outcomes."""
    return tag(
        "ol",
        [
            tag(
                "li",
                tag("span", one.outcome, class_=f"outcome {one.outcome}"),
                tag("p", one.aim),
                tag("p", one.told, class_="told"),
            )
            for one in found
        ],
        class_="verdicts",
    )


def changes(found: Sequence[Change], before: str, after: str) -> Html:
    """Base and pupil side by side."""
    rows = []
    for change in found:
        unit = change.measure.unit
        difference = spell.points(change.difference) if unit == "share" else spell.with_sign(change.difference)
        rows.append(
            tag(
                "tr",
                tag("th", change.measure.title, scope="row"),
                tag("td", cell(change.measure, change.before)),
                tag("td", cell(change.measure, change.after)),
                tag("td", difference, class_="difference" if change.changed else "difference same"),
            )
        )
    head = tag(
        "thead",
        tag(
            "tr",
            tag("td"),
            tag("th", before, scope="col"),
            tag("th", after, scope="col"),
            tag("th", "difference", scope="col"),
        ),
    )
    return scrolling(tag("table", head, tag("tbody", rows), class_="changes"), f"{before} and {after}")


def plain(
    heads: Sequence[str],
    rows: Sequence[Sequence[Child]],
    name: str,
    *,
    total: Sequence[Child] | None = None,
    class_: str | None = None,
) -> Html:
    """A table whose first column names its rows."""

    def line(cells: Sequence[Child]) -> Html:
        return tag("tr", tag("th", cells[0], scope="row"), [tag("td", cell) for cell in cells[1:]])

    head = tag("thead", tag("tr", [tag("th", word, scope="col") for word in heads]))
    foot = tag("tfoot", line(total)) if total is not None else None
    return scrolling(tag("table", head, tag("tbody", [line(row) for row in rows]), foot, class_=class_), name)
