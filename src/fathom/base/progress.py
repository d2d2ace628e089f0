"""Progress of long work, shown in a terminal or a log.

Work that takes time reports ``(what, fraction)``: a line of text, and how much of it is done between 0 and 1, or None
where that is unknown. The work itself needs no terminal: ``bar`` turns the reports into a bar where there is one, and
into plain lines where the output is a file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

Report = Callable[[str, float | None], None]
"""``report(what, fraction)``; ``fraction`` in [0, 1], or None where the end is not known."""


def silent(what: str, fraction: float | None = None) -> None:
    """A ``Report`` that discards everything."""


@contextmanager
def bar(console: Console | None = None) -> Iterator[Report]:
    """Show reports on stderr while the block runs; the bar disappears afterwards."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    what = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (SpinnerColumn(), what, BarColumn(bar_width=20), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, expand=True) as progress:
        task = progress.add_task("starting", total=None)

        def report(what: str, fraction: float | None) -> None:
            if fraction is None:
                progress.update(task, description=what, total=None)
            else:
                progress.update(task, description=what, total=1.0, completed=min(max(fraction, 0.0), 1.0))

        yield report


def _lines(console: Console) -> Report:
    """One line per new thing, not one per percent: a log file is read afterwards."""
    seen: set[str] = set()

    def report(what: str, _fraction: float | None) -> None:
        if what not in seen:
            seen.add(what)
            console.print(what, highlight=False)

    return report


def human_bytes(count: float) -> str:
    """1536 → ``1.5 KB``; decimal units, as disks and downloads are sold."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def human_seconds(seconds: float) -> str:
    """75.2 → ``1 min 15 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


class Stopwatch:
    """Seconds since it was made. The clock is injected, so that tests need not wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()

    def seconds(self) -> float:
        return self._clock() - self._start
