"""What the runs took: updates, tokens, machine time and money."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report import spell
from fathom.report.html import Child, Html
from fathom.report.run import Run
from fathom.report.tables import NONE, plain

HEADS = ("run", "stage", "updates", "tokens", "time", "tokens/s", "machine hours", "cost")


def table(runs: Sequence[Run]) -> Html:
    """A row a run, and the sum."""
    total: list[Child] = [
        "all of them",
        "",
        "",
        "",
        *_spent(seconds(runs)),
        "",
        _hours(seconds(runs)),
        _dollars(dollars(runs)),
    ]
    return plain(
        HEADS,
        [_row(run) for run in runs],
        "Time and cost by run",
        total=total if len(runs) > 1 else None,
        class_="costs",
    )


def seconds(runs: Sequence[Run]) -> float | None:
    """Machine time of all runs; None where none says."""
    found = [run.seconds for run in runs if run.seconds is not None]
    return sum(found) if found else None


def dollars(runs: Sequence[Run]) -> float | None:
    """What all runs cost, as far as a price was set; None where there was none."""
    found = [run.dollars for run in runs if run.dollars is not None]
    return sum(found) if found else None


def _row(run: Run) -> list[Child]:
    rate = run.tokens / run.seconds if run.tokens and run.seconds else None
    return [
        run.label,
        run.stage if run.finished else f"{run.stage}, not finished",
        _updates(run),
        spell.size(run.tokens) if run.tokens is not None else NONE,
        *_spent(run.seconds),
        spell.size(rate) if rate is not None else NONE,
        _hours(run.seconds),
        _dollars(run.dollars),
    ]


def _updates(run: Run) -> str:
    if run.step is None:
        return NONE
    done = spell.size(run.step)
    return done if run.steps in (None, run.step) else f"{done} of {spell.size(run.steps or 0)}"


def _spent(found: float | None) -> list[Child]:
    return [spell.duration(found) if found is not None else NONE]


def _hours(found: float | None) -> str:
    return f"{found / 3600:.2f}" if found is not None else NONE


def _dollars(found: float | None) -> str:
    return spell.dollars(found) if found is not None else NONE
