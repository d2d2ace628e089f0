"""The sections that show a stage at work: its curves, and the load of its experts."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report import chart, curves, heatmap, spell
from fathom.report.content import Report
from fathom.report.figure import figure, legend
from fathom.report.html import Child, Html, join, tag
from fathom.report.run import Run

TITLES = {
    "pretrain": "Pretraining",
    "sft": "Supervised fine-tuning",
    "distill": "Distillation",
    "rl": "Reinforcement learning",
}

HEATED = 4
"""Runs of a stage whose loads of experts are drawn."""


def stage(report: Report, name: str) -> Html:
    """Everything that runs of this stage recorded while they ran; empty where there is nothing."""
    runs = [run for run in report.stage(name) if run.lines]
    if not runs or name == "measure":
        return Html()
    colors = {run.label: report.colors.get(arm.name, 7) for arm in report.groups for run in arm.runs}
    drawn = [figure(chart.draw(one), _caption(one.title, note)) for one, note in curves.charts(runs, colors)]
    more = len(runs) - curves.MOST_RUNS
    return join(
        _legend(report, runs) if len(runs) > 1 else None,
        tag("p", f"{spell.counted(more, 'further run')} not drawn.", class_="note") if more > 0 else None,
        tag("div", drawn, class_="panels") if drawn else None,
        _heat(runs),
    )


def _caption(title: str, note: str) -> list[Child]:
    return [tag("b", f"{title[:1].upper()}{title[1:]}"), f": {note}." if note else "."]


def _legend(report: Report, runs: Sequence[Run]) -> Html:
    """One entry an arm."""
    shown = {run.directory for run in runs}
    entries = []
    for arm in report.groups:
        mine = [run for run in arm.runs if run.directory in shown]
        if mine:
            name = f"{arm.name} ({spell.counted(len(mine), 'run')})" if len(mine) > 1 else mine[0].label
            entries.append((name, report.colors.get(arm.name, 7)))
    return legend(entries)


def _heat(runs: Sequence[Run]) -> Html | None:
    found = []
    for run in runs[:HEATED]:
        shown, routers = heatmap.loads(run)
        some = f" ({len(shown)} of {routers} routers)" if routers > len(shown) else ""
        for loads in shown:
            whose = f"{run.label}, " if len(runs) > 1 else ""
            found.append(figure(heatmap.draw(loads), f"{whose}{loads.router}{some}."))
    if not found:
        return None
    more = f" The first {HEATED} runs." if len(runs) > HEATED else ""
    note = f"A row is an expert, time runs to the right; colors are shares of the mean load of a router.{more}"
    return join(
        tag("h3", "Load of the experts"),
        tag("p", note, class_="note"),
        heatmap.key(),
        tag("div", found, class_="panels"),
    )
