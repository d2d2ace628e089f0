"""A run for people: one panel that keeps itself up to date in a terminal, a line now and then in a log file."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fathom.base.progress import human_seconds

Line = Mapping[str, Any]


class Display:
    """A context manager. ``show`` takes the recorded lines of any stage, ``say`` a sentence (a progress ``Report``).

    ``dollars_per_hour`` is the price of the machine; 0 shows no cost.
    """

    def __init__(self, console: Console | None = None, *, title: str = "", dollars_per_hour: float = 0.0) -> None:
        self.console = console or Console(stderr=True)
        self._title = title
        self._dollars = dollars_per_hour
        self._total = 0
        self._from = (0, 0.0)  # update and seconds where this process began
        self._flops = self._peak = 0.0
        self._live: Live | None = None

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self._live = Live(console=self.console, transient=False, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def begin(
        self, total: int | None, step: int, seconds: float = 0.0, *, flops: float = 0.0, peak: float = 0.0
    ) -> None:
        """The run goes from ``step`` to ``total`` (None: lines will say); ``seconds`` are already spent. ``flops`` a
        token takes, ``peak`` a second offers: 0 where nobody knows.
        """
        self._total, self._from, self._flops, self._peak = total or 0, (step, seconds), flops, peak
        if step:
            self.say(f"going on behind update {step}", None)

    def say(self, what: str, _fraction: float | None = None) -> None:
        """A sentence of its own."""
        self.console.print(what, highlight=False, markup=False, soft_wrap=True)

    def show(self, line: Line) -> None:
        """The state of things after an update."""
        self._total = line.get("total", self._total)
        shown = self.entries(line)
        if self._live is None:
            text = "  ".join(f"{name} {value}" for name, value in shown)
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        for name, value in shown:
            table.add_row(Text(name, "cyan"), value)
        bar = ProgressBar(self._total or None, line["step"], width=40)
        self._live.update(Group(Text(self._title, "bold"), bar, table), refresh=True)

    def entries(self, line: Line) -> list[tuple[str, str]]:
        """What is worth a person's glance: (name, value)."""
        found = [("update", f"{line['step']}/{self._total}")]
        found += [(title, spell.format(line[key])) for key, title, spell in _SHOWN if line.get(key) is not None]
        if self._peak and self._flops and line.get("tokens_per_second"):
            found.append(("utilization", f"{line['tokens_per_second'] * self._flops / self._peak:.0%}"))
        found.append(("time", human_seconds(line["seconds"])))
        step, seconds = self._from
        if line["step"] > step:
            each = (line["seconds"] - seconds) / (line["step"] - step)
            found.append(("left", human_seconds(each * (self._total - line["step"]))))
        if self._dollars:
            found.append(("cost", f"${line['seconds'] / 3600 * self._dollars:.2f}"))
        return found


_SHOWN = (
    ("loss", "loss", "{:.4f}"),
    ("validation_loss", "validation loss", "{:.4f}"),
    ("mtp_loss", "mtp", "{:.3f}"),
    ("mtp_acceptance", "accepted", "{:.0%}"),
    ("verified", "right", "{:.0%}"),
    ("refused", "refused", "{}"),
    ("reverse_kl", "reverse KL", "{:.4f}"),
    ("agreement", "agreement", "{:.1%}"),
    ("reward", "reward", "{:.3f}"),
    ("length", "length", "{:.1f}"),
    ("gradient_norm", "norm", "{:.2f}"),
    ("lr_factor", "rate", "{:.2f}"),
    ("max_violation", "overload", "{:.2f}"),
    ("dead_experts", "dead", "{}"),
    ("tokens_per_second", "tokens/s", "{:,.0f}"),
)
"""(key of a recorded line, its title, its format), in the order of the display."""
