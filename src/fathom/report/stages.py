"""The sections that show a stage at work: its curves, and the load of its experts."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report import chart, curves, heatmap, levels
from fathom.report import formatting as spell
from fathom.report.content import RunReport
from fathom.report.figure import figure, legend
from fathom.report.html import Html, join, tag
from fathom.report.panels import Panel
from fathom.report.run import STEPS, Run
from fathom.report.values import number, text

TITLES = {
    "pretrain": "Pretraining",
    "sft": "Supervised fine-tuning",
    "distill": "Distillation",
    "rl": "Reinforcement learning",
}

HEATED = 4
"""Runs of a stage whose loads of experts are drawn."""


def stage(report: RunReport, name: str) -> Html:
    """Everything that runs of this stage recorded while they ran; empty where there is nothing."""
    runs = [run for run in report.stage(name) if run.lines]
    if not runs or not runs[0].trains:
        return Html()
    colors = {run.label: report.colors.get(arm.name, 7) for arm in report.groups for run in arm.runs}
    drawn = list(curves.charts(runs, colors))
    first = [_chart_figure(one, panel) for one, panel in drawn if not panel.aside]
    more = [_chart_figure(one, panel) for one, panel in drawn if panel.aside]
    return join(
        _legend(report, runs) if len(runs) > 1 else None,
        [tag("p", told, class_="note") for run in runs if (told := _traces(run))],
        tag("p", _axis(drawn, len(runs) - curves.MOST_RUNS), class_="note") if drawn else None,
        tag("div", first, class_="panels") if first else None,
        tag("details", tag("summary", "Further curves"), tag("div", more, class_="panels")) if more else None,
        levels.level_curves(runs),
        _heat(report, runs),
    )


def _traces(run: Run) -> str:
    """What a teacher answered, and what of it was learned; empty where there was none."""
    line = run.last("traces")
    asked, right, kept, problems = (number(line.get(key)) for key in ("asked", "right", "kept", "problems_kept"))
    if asked is None or right is None or kept is None:
        return ""
    told = f"{run.label}: {spell.size(asked)} answers of the teacher, {spell.percent(right)} right"
    told += f"; {spell.size(kept)} learned"
    told += f", of {spell.with_unit(int(problems), 'problem')}" if problems is not None else ""
    dropped = line.get("dropped")
    reasons = list(dropped.items())[:8] if isinstance(dropped, dict) else []
    known = [
        f"{spell.size(amount)} {text(reason, 60)}" for reason, one in reasons if (amount := number(one)) is not None
    ]
    return told + (f". Left out: {spell.join_words(known)}." if known else ".")


def _axis(drawn: Sequence[tuple[chart.Chart, Panel]], more: int) -> str:
    """What runs to the right, and what is not there."""
    told = f"Horizontal axes count {spell.join_words(sorted({f'{one.x}s' for one, _ in drawn}))}."
    return told + (f" {spell.with_unit(more, 'further run')} not drawn." if more > 0 else "")


def _chart_figure(one: chart.Chart, panel: Panel) -> Html:
    title = tag("b", f"{one.title[:1].upper()}{one.title[1:]}")
    return figure(chart.draw(one), [title, f": {panel.note}." if panel.note else "."])


def _legend(report: RunReport, runs: Sequence[Run]) -> Html:
    """One entry an arm."""
    shown = {run.directory for run in runs}
    entries = []
    for arm in report.groups:
        mine = [run for run in arm.runs if run.directory in shown]
        if mine:
            name = f"{arm.name} ({spell.with_unit(len(mine), 'run')})" if len(mine) > 1 else mine[0].label
            entries.append((name, report.colors.get(arm.name, 7)))
    return legend(entries)


def _heat(report: RunReport, runs: Sequence[Run]) -> Html | None:
    """The first run of each arm."""
    there = {run.directory for run in runs}
    firsts = [next((run for run in arm.runs if run.directory in there), None) for arm in report.groups]
    chosen = [run for run in firsts if run is not None][:HEATED]
    found = []
    for run in chosen:
        shown, routers = heatmap.loads(run)
        some = f" ({len(shown)} of {routers} routers)" if routers > len(shown) else ""
        for loads in shown:
            whose = f"{run.label}, " if len(runs) > 1 else ""
            found.append(figure(heatmap.draw(loads), f"{whose}{loads.router}{some}."))
    if not found:
        return None
    note = "A row is an expert, time runs to the right; colors are shares of the mean load of a router."
    one_each = " Of several runs of one arm, the first." if len(chosen) < len(runs) else ""
    return join(
        tag("h3", "Load of the experts"),
        tag("p", f"{note}{one_each}{_never_dead(runs)}", class_="note"),
        heatmap.key(),
        tag("div", found, class_="panels"),
    )


def _never_dead(runs: Sequence[Run]) -> str:
    known = [
        number(line.get("dead_experts"))
        for run in runs
        for kind in ("train", STEPS)
        for line in run.lines.get(kind, ())
    ]
    return " No expert was ever dead in what was recorded." if known and all(value == 0 for value in known) else ""
