"""The sections that judge: verdicts, arms beside one another, and what learning changed."""

from __future__ import annotations

from fathom.report import changes, chart, dots, levels, measures, tables
from fathom.report import formatting as spell
from fathom.report.content import RunReport
from fathom.report.figure import figure, legend, table
from fathom.report.html import Html, join, tag
from fathom.report.measures import Board, Measure
from fathom.report.readiness import findings, gate
from fathom.report.verdicts import aims, beyond


def verdict_section(report: RunReport) -> Html:
    """Every aim and what came of it; empty where nobody asked for anything."""
    found: list[Html] = []
    before = gate(report.stage("rl"))
    if before:
        found += [tag("h3", "The base, before reinforcement learning"), tables.verdicts(before)]
        said = [(run.label, finding) for run in report.stage("rl") for finding in findings(run)]
        if said:
            objected = "; ".join(f"{label}: {what}" for label, what in said)
            found.append(tag("p", f"It was objected then: {objected}.", class_="note"))
    for board in report.boards:
        for arm in report.learned:
            reached = aims(board, arm, report.runs, report.goal)
            if reached:
                on = f", on {board.task} ({board.split})" if len(report.boards) > 1 else ""
                on = on or (f", on the {board.split} split" if board.split != "test" else "")
                found += [tag("h3", f"The model that learned by rewards: {arm.name}{on}"), tables.verdicts(reached)]
    for run in report.stage("beyond"):
        if (verdict := beyond(run)) is not None:
            found += [tag("h3", f"Beyond the base: {run.label}"), tables.verdicts([verdict])]
    return join(*found)


def results_section(report: RunReport, board: Board) -> Html:
    """Arms beside one another, as drawings and as a table."""
    sampled = [measure for measure in measures.accuracies(board) if measure.path == "pass@1"]
    goal = report.goal if any(board.result(arm) for arm in report.learned) else None
    drawn = []
    if sampled:
        picture = dots.draw(board, sampled, report.colors, goal)
        aim = f" The dotted line is the aim, {spell.percent(goal, 0)}." if goal is not None else ""
        drawn.append(figure(picture, f"Right answers by arm, ± {_kind(board, bound=False)}.{aim}", dots.key(sampled)))
    if (passes := _passes(report, board)) is not None:
        drawn.append(passes)
    problems = (
        f"{spell.with_unit(board.problems, 'problem')} of {board.task}, {board.split} split. " if board.problems else ""
    )
    caption = f"{problems}± is the {_kind(board)}. Bold: the best of a row."
    return join(
        tag("div", drawn, class_="panels wide") if drawn else None,
        table(tables.arms(board, [arm.name for arm in report.learned]), caption),
        levels.level_results(board),
    )


def changes_section(report: RunReport) -> Html:
    """What reinforcement learning did to its base, on every set of problems; empty where nobody measured both."""
    parts: list[Html] = []
    for board in report.boards:
        for arm in report.learned:
            after = board.result(arm)
            before = changes.base_of(board, arm, report.runs) if after is not None else None
            if after is None or before is None or before is after:
                continue
            found = changes.changes(board, before, after)
            on = f" on {board.task} ({board.split})" if len(report.boards) > 1 else ""
            said = tag("ul", [tag("li", line) for line in changes.sentences(found)], class_="told-list")
            caption = "Before and after; shares in percent, differences in points. Grey: what chance explains."
            sides = [said, table(tables.changes(found, before.name, after.name), caption)]
            parts += [
                tag("h3", f"From {before.name} to {after.name}{on}") if on or len(report.learned) > 1 else Html(),
                tag("div", sides, class_="beside"),
            ]
    return join(*parts)


def _kind(board: Board, *, bound: bool = True) -> str:
    """What ± is on this board."""
    amounts = {len(result.measured) > 1 for result in board.results}
    spread = "standard deviation over runs"
    error = "standard error over problems" + (" (of shares other than pass@1 its upper bound)" if bound else "")
    if amounts == {True}:
        return spread
    return error if amounts == {False} else f"{spread}, and of a single run the {error}"


def _passes(report: RunReport, board: Board) -> Html | None:
    """pass@k over k."""
    main = board.main
    if main is None:
        return None
    series = []
    for result in board.results:
        found = [(k, one) for k in result.ks(main) if (one := result.estimate(Measure("", f"pass@{k}", main)))]
        if len(found) > 1:
            points = [(float(k), one.mean) for k, one in found]
            errors = [one.plus_minus for _, one in found]
            color = report.colors.get(result.name, 7)
            series.append(chart.Series(result.name, points, color, marks=True, errors=errors))
    if not series:
        return None
    ks = sorted({x for one in series for x, _ in one.points})
    ticks = ks[:: max(1, -(-len(ks) // 8))]
    drawn = chart.Chart("pass@k", series, x="k", share=True, log_x=True, top=1.0, x_ticks=ticks)
    key = legend([(one.name, one.color) for one in series])
    caption = f"pass@k over k at T = {main:g}: the chance that one of k answers is right."
    return figure(chart.draw(drawn, width=380, height=230), caption, key)
