"""What the runs took: updates, tokens, machine time and money, by arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fathom.report import formatting as spell
from fathom.report.html import Child, Html
from fathom.report.run import Run
from fathom.report.tables import NONE, plain
from fathom.report.variants import Variant, lineage

HEADS = ("arm", "stage", "runs", "updates", "tokens", "time", "tokens/s", "machine hours", "cost")


def table(runs: Sequence[Run], groups: Sequence[Variant]) -> Html:
    """A row an arm, one for all that looks at models, and the sum. Updates, tokens and time are means of a run."""
    rows = [_row(arm.name, arm.stage, arm.runs) for arm in groups]
    rows += [_row(name, "", mine) for name, mine in _looking(runs)]
    spent = seconds(runs)
    total: list[Child] = [
        "all",
        "",
        str(len(runs)),
        "",
        "",
        _duration_cell(spent),
        "",
        _hours(spent),
        _dollars(dollars(runs)),
    ]
    return plain(HEADS, rows, "Time and cost", total=total if len(rows) > 1 else None, class_="costs")


def seconds(runs: Sequence[Run]) -> float | None:
    """Machine time of all runs; None where none says."""
    found = [run.seconds for run in runs if run.seconds is not None]
    return sum(found) if found else None


def dollars(runs: Sequence[Run]) -> float | None:
    """What all runs cost, as far as a price was set; None where there was none."""
    found = [run.dollars for run in runs if run.dollars is not None]
    return sum(found) if found else None


def road(run: Run, runs: Sequence[Run]) -> float | None:
    """Machine time from nothing to this model, through every run between; None where the beginning is not here."""
    passed = lineage(run, runs)
    return None if passed[-1].start else sum(one.seconds or 0.0 for one in passed)


def _looking(runs: Sequence[Run]) -> Iterator[tuple[str, list[Run]]]:
    """Runs that train nothing, by stage."""
    for stage, name in (("measure", "measurements"), ("beyond", "beyond the base")):
        mine = [run for run in runs if run.stage == stage]
        if mine:
            yield name, mine


def _row(name: str, stage: str, runs: Sequence[Run]) -> list[Child]:
    tokens, spent = _mean([run.tokens for run in runs]), _mean([run.seconds for run in runs])
    steps = _mean([run.step for run in runs])
    going = sum(not run.finished for run in runs)
    return [
        name if not going else f"{name} (not finished)" if len(runs) == 1 else f"{name} ({going} not finished)",
        stage,
        str(len(runs)),
        _updates(steps, runs),
        NONE if tokens is None else spell.size(tokens),
        _duration_cell(spent),
        NONE if tokens is None or not spent else spell.size(tokens / spent),
        _hours(seconds(runs)),
        _dollars(dollars(runs)),
    ]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _updates(steps: float | None, runs: Sequence[Run]) -> str:
    if steps is None:
        return NONE
    wanted = runs[0].steps
    of = f" of {spell.size(wanted)}" if len(runs) == 1 and wanted is not None and wanted != runs[0].step else ""
    return f"{spell.size(round(steps))}{of}"


def _duration_cell(found: float | None) -> str:
    return spell.duration(found) if found is not None else NONE


def _hours(found: float | None) -> str:
    return f"{found / 3600:.2f}" if found is not None else NONE


def _dollars(found: float | None) -> str:
    return spell.dollars(found) if found is not None else NONE
