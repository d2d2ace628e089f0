"""What templates print that is neither a domain object nor a formatted number."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fathom.report import formatting
from fathom.report.content import RunReport
from fathom.report.panels import PanelCurves, collect_panels
from fathom.report.records import number
from fathom.report.results import Estimate, Measure, TaskResults
from fathom.report.rollouts import PAGE_BUDGET, StepRecord, select_steps
from fathom.report.run import STEPS, Run
from fathom.report.variants import Variant

CONFIG_BUDGET, MAX_CONFIG = 400_000, 12_000
"""Characters of all configurations of a report together, and of one."""

NONE = "–"

STAGE_TITLES = {
    "pretrain": "Pretraining",
    "sft": "Supervised fine-tuning",
    "distill": "Distillation",
    "rl": "Reinforcement learning",
}

Row = tuple[Measure, list[Estimate | None], float | None]
"""A measure, the estimates of the variants, and the best mean where more is better."""


def rows_of(results: TaskResults, measures: Sequence[Measure]) -> list[Row]:
    """The rows of a table, without measures that were not recorded."""
    rows: list[Row] = []
    for measure in measures:
        estimates = [result.estimate(measure) for result in results.variants]
        means = [one.mean for one in estimates if one is not None]
        if means:
            rows.append((measure, estimates, max(means) if measure.ranked and len(means) > 1 else None))
    return rows


def legend_of(variants: Sequence[Variant]) -> list[tuple[str, int]]:
    """(name, color) of each variant, with its number of runs or the label of its only one."""
    amounts = [formatting.with_unit(len(variant.runs), "run") for variant in variants]
    return [
        (f"{variant.name} ({amount})" if len(variant.runs) > 1 else variant.runs[0].label, variant.color)
        for variant, amount in zip(variants, amounts, strict=True)
    ]


def panels_of(report: RunReport, runs: Sequence[Run]) -> list[PanelCurves]:
    """The panels of the runs of one stage."""
    return list(collect_panels(runs, {run: variant.color for variant in report.variants for run in variant.runs}))


def never_dead(runs: Sequence[Run]) -> bool:
    """Whether the number of dead experts was recorded and always 0."""
    lines = [line for run in runs for kind in ("train", STEPS) for line in run.lines.get(kind, ())]
    return bool(lines) and all(number(line.get("dead_experts")) == 0 for line in lines)


def completions_of(report: RunReport) -> list[tuple[Run, list[StepRecord]]]:
    """Steps with completions of the runs that kept some; problems of their files go to the runs."""
    runs = [run for run in report.runs if STEPS in run.lines or run.rollouts.is_file()]
    selected = []
    for run in runs:
        steps, problems = select_steps(run, PAGE_BUDGET // len(runs))
        run.problems += [problem for problem in problems if problem not in run.problems]
        if steps:
            selected.append((run, steps))
    return selected


def config_text(run: Run, runs: int) -> str:
    """The configuration as JSON, cut so that those of ``runs`` fit the page; empty where there is none."""
    config = run.facts.get("config")
    try:
        written = json.dumps(config, indent=2, ensure_ascii=False) if isinstance(config, dict) and config else ""
    except (ValueError, RecursionError):
        return "cannot be shown"
    longest = min(MAX_CONFIG, CONFIG_BUDGET // runs)
    return written if len(written) <= longest else written[: longest - 1] + "…"


def whole(value: object) -> str:
    """A recorded number, or a dash."""
    result = number(value)
    return NONE if result is None else formatting.size(result)


def interval(value: object) -> str:
    """A recorded confidence interval of a share; empty where there is none."""
    ends = [end for one in value if (end := number(one)) is not None] if isinstance(value, list) else []
    return f" [{formatting.share(ends[0])}, {formatting.percent(ends[1])}]" if len(ends) == 2 else ""


def p_value(value: object) -> str:
    """A recorded p-value."""
    result = number(value)
    return NONE if result is None else "< 0.001" if result < 0.001 else f"{result:.3f}"


def capitalize_first(title: str) -> str:
    """``title`` with a capital; other letters stay."""
    return title[:1].upper() + title[1:]
