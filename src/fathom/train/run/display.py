"""Display of a run: one live panel in a terminal, a line now and then in a log file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fathom.base.progress import human_seconds

Line = Mapping[str, Any]

_WIDTH = 40
"""Of the bar and of the curve, in characters."""

_MOST = 4096
"""Points of a curve that are kept; then every second one goes."""


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
        self._curve: list[float] = []
        self._held: list[tuple[str, str]] = []  # of the last evaluation on held-out data
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
        token takes (a line may say what it took as a whole), ``peak`` a second offers: 0 where it is unknown.
        """
        self._total, self._from, self._flops, self._peak = total or 0, (step, seconds), flops, peak
        if step:
            self.say(f"resuming after update {step}", None)

    def say(self, what: str, _fraction: float | None = None) -> None:
        """A sentence of its own."""
        self.console.print(what, highlight=False, markup=False, soft_wrap=True)

    def show(self, line: Line) -> None:
        """Show the line of an update, or of an evaluation on held-out data."""
        self._total = line.get("total", self._total)
        shown = self.entries(line)
        if line.get("kind") in _EVALUATIONS:
            self._held = [(f"held-out {name}", value) for name, value in _format_line(line)]
            if self._live is None:
                self.say(f"update {line['step']}/{self._total}  " + _join_pairs(self._held))
            return
        if self._live is None:
            self.say(_join_pairs(shown))
            return
        self._remember(line)
        self._live.update(self._panel(line), refresh=True)

    def entries(self, line: Line) -> list[tuple[str, str]]:
        """(name, value) pairs of a line."""
        return [("update", f"{line['step']}/{self._total}"), *self._measures(line), *self._times(line)]

    def _measures(self, line: Line) -> list[tuple[str, str]]:
        measures = _format_line(line)
        utilization = self._utilization(line)
        if 0 < utilization <= 1:  # beyond, the peak was measured while other processes had the cores
            measures.append(("utilization", f"{utilization:.0%}"))
        return measures

    def _times(self, line: Line) -> list[tuple[str, str]]:
        times = [("time", human_seconds(line["seconds"]))]
        step, seconds = self._from
        if line["step"] > step:
            each = (line["seconds"] - seconds) / (line["step"] - step)
            times.append(("per update", human_seconds(each) if each >= 1 else f"{each:.2f} s"))
            times.append(("remaining", human_seconds(each * (self._total - line["step"]))))
        if self._dollars:
            hours = line["seconds"] / 3600
            times.append(("cost", f"${hours * self._dollars:.2f} for {hours:.2f} machine-hours"))
        return times

    def _utilization(self, line: Line) -> float:
        """Model FLOPs utilization: the share of the machine's peak; 0 where it is unknown."""
        if not self._peak:
            return 0.0
        if line.get("flops"):
            spent = line.get("sampling_seconds", 0.0) + line.get("update_seconds", 0.0)
            return float(line["flops"] / spent / self._peak) if spent else 0.0
        return float((line.get("tokens_per_second") or 0.0) * self._flops / self._peak)

    def _remember(self, line: Line) -> None:
        value = line.get("reward", line.get("loss"))
        if value is not None:
            self._curve.append(value)
        if len(self._curve) > _MOST:
            del self._curve[::2]

    def _panel(self, line: Line) -> RenderableType:
        """Title and bar, measures in columns, the curve of the run, times."""
        share = line["step"] / self._total if self._total else 0.0
        head = Table.grid(padding=(0, 2))
        head.add_row(
            ProgressBar(1.0, min(share, 1.0), width=_WIDTH),
            Text(f"{share:.0%}", "bold"),
            Text(f"update {line['step']:,} of {self._total:,}", "dim"),
        )
        parts: list[RenderableType] = [Text(self._title, "bold"), head, self._columns(line)]
        if len(self._curve) > 1:
            name = "reward" if "reward" in line else "loss"
            parts.append(Text.assemble((f"{name:<8} ", "cyan"), (sparkline(self._curve, _WIDTH), "green")))
        times = "  ·  ".join(f"{name} {value}" for name, value in self._times(line))
        return Group(*parts, Text(times, "dim"))

    def _columns(self, line: Line) -> Table:
        """(name, value) pairs, downwards, in as many columns as there is room for."""
        pairs = [*self._measures(line), *self._held]
        columns = max(1, min(3, self.console.width // 30))
        rows = -(-len(pairs) // columns)
        table = Table.grid(padding=(0, 2))
        for _ in range(columns):
            table.add_column(style="cyan", no_wrap=True)
            table.add_column(justify="right", no_wrap=True, min_width=8)
        for row in range(rows):
            cells = [pair for at in range(row, len(pairs), rows) for pair in pairs[at]]
            table.add_row(*cells)
        return table


def sparkline(values: Sequence[float], width: int) -> str:
    """The course of ``values`` in one row of at most ``width`` characters, each the mean of its share of them."""
    count = min(width, len(values))
    edges = [len(values) * at // count for at in range(count + 1)]
    means = [sum(values[start:stop]) / (stop - start) for start, stop in pairwise(edges)]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BARS[round((mean - low) / span * (len(_BARS) - 1))] for mean in means)


def _format_line(line: Line) -> list[tuple[str, str]]:
    hidden = _HIDDEN.get(line.get("kind", ""), frozenset())
    return [
        (title, template.format(line[key]))
        for key, title, template in _SHOWN
        if line.get(key) is not None and key not in hidden
    ]


def _join_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return "  ".join(f"{name} {value}" for name, value in pairs)


_BARS = "▁▂▃▄▅▆▇█"

_EVALUATIONS = frozenset({"validation", "evaluation"})
"""Kinds of lines that are no updates."""

_HIDDEN = {"rl": frozenset({"loss", "pass@1"}), "evaluation": frozenset({"reward", "error"})}
"""Kind of line → keys that say little there: a policy's loss is near 0 whatever happens."""

_SHOWN = (
    ("reward", "reward", "{:.3f}"),
    ("right", "correct", "{:.0%}"),
    ("pass@1", "pass@1", "{:.1%}"),
    ("pass@8", "pass@8", "{:.1%}"),
    ("lenient", "lenient", "{:.0%}"),
    ("length", "length", "{:.1f}"),
    ("truncated", "truncated", "{:.0%}"),
    ("loss", "loss", "{:.4f}"),
    ("validation_loss", "validation loss", "{:.4f}"),
    ("mtp_loss", "mtp", "{:.3f}"),
    ("mtp_acceptance", "accepted", "{:.0%}"),
    ("refused", "refused", "{}"),
    ("reverse_kl", "reverse KL", "{:.4f}"),
    ("agreement", "agreement", "{:.1%}"),
    ("entropy", "entropy", "{:.3f}"),
    ("engine_gap", "engine gap", "{:.0e}"),
    ("gradient_norm", "grad norm", "{:.2f}"),
    ("lr_factor", "lr / peak", "{:.2f}"),
    ("max_violation", "MaxVio", "{:.2f}"),
    ("dead_experts", "dead experts", "{}"),
    ("tokens_per_second", "tokens/s", "{:,.0f}"),
)
"""(key of a recorded line, its title, its format), in the order of the display."""
