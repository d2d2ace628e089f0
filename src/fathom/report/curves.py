"""Which curves a stage has, and how its runs lie over one another.

A stage draws what it recorded: a panel whose numbers nobody wrote is left out, numbers that nobody foresaw get a panel
of their own under the name they were recorded by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fathom.report.chart import Chart, Point, Series, thin
from fathom.report.run import Run
from fathom.report.values import Record, number

MOST_RUNS = 24
"""Runs of a stage whose curves are drawn."""

MOST_STRANGE = 6
"""Panels for numbers that this file does not know."""

Source = tuple[str, str]
"""(kind of line, key)."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One of a panel's curves. ``says`` is added to a run's name where a panel has several; ``mark`` draws points."""

    kind: str
    key: str
    says: str = ""
    dashed: bool = False
    mark: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of a stage: its curves, and how its axis is read. Where all values are ``quiet`` it tells nothing."""

    title: str
    curves: tuple[Curve, ...]
    unit: Literal["number", "share"] = "number"
    zero: bool = False
    log: bool = False
    note: str = ""
    quiet: float | None = None
    derived: Callable[[Record], float | None] | None = field(default=None, compare=False)


def _one(title: str, kind: str, key: str, **how: object) -> Panel:
    return Panel(title, (Curve(kind, key),), **how)  # type: ignore[arg-type]


def _rate(line: Record) -> float | None:
    tokens, seconds = number(line.get("sampled_tokens")), number(line.get("sampling_seconds"))
    return tokens / seconds if tokens is not None and seconds else None


READING = (
    Panel(
        "loss, nats a token",
        (
            Curve("train", "loss"),
            Curve("validation", "validation_loss", "validation", dashed=True, mark=True),
        ),
        log=True,
    ),
    Panel(
        "loss of the MTP modules",
        (
            Curve("train", "mtp_loss"),
            Curve("validation", "validation_mtp_loss", "validation", dashed=True, mark=True),
        ),
        log=True,
    ),
    _one("drafts of MTP accepted", "train", "mtp_acceptance", unit="share", zero=True),
    _one("tokens a second", "train", "tokens_per_second", zero=True),
    _one("norm of the gradient", "train", "gradient_norm", log=True, note="before clipping"),
    _one("learning rate, share of its peak", "train", "lr_factor", unit="share", zero=True),
    _one("overload of the busiest expert", "train", "max_violation", zero=True, note="0: all experts are equally busy"),
    _one("entropy of the routers", "train", "router_entropy", note="1: every expert is equally likely"),
    _one("dead experts", "train", "dead_experts", zero=True),
)

REWARDED = (
    _one("reward", "rl", "reward", zero=True, note="mean of the completions sampled for a step"),
    Panel(
        "pass@1 on validation",
        (Curve("evaluation", "pass@1", mark=True, error="error"), Curve("gate", "pass@1", mark=True, error="error")),
        unit="share",
        note="± standard error over problems; at 0, the look before the start",
    ),
    _one("length, tokens", "rl", "length", zero=True),
    _one("guesses", "rl", "guesses", unit="share", zero=True, note="answers without a thought before them"),
    _one("cut off", "rl", "truncated", unit="share", zero=True, note="completions that reached the limit"),
    _one("entropy, nats a token", "rl", "entropy", zero=True),
    Panel(
        "ratio of new to old policy",
        (Curve("rl", "ratio_max", "largest"), Curve("rl", "ratio_min", "smallest", dashed=True)),
        note="exactly 1 where one update follows each sampling",
    ),
    _one("engine and trainer apart", "rl", "engine_gap", log=True, note="largest difference of a log-probability"),
    _one(
        "groups of one mind", "rl", "zero_variance", unit="share", zero=True, note="all right or all wrong: no lesson"
    ),
    _one("loss", "rl", "loss"),
    _one("norm of the gradient", "rl", "gradient_norm", log=True, note="before clipping"),
    _one("learning rate, share of its peak", "rl", "lr_factor", unit="share", zero=True),
    Panel("tokens sampled a second", (Curve("rl", "sampled_tokens"),), zero=True, derived=_rate),
    _one("well formed", "rl", "well_formed", unit="share", zero=True, quiet=1.0),
    _one("clipped tokens", "rl", "clip_fraction", unit="share", zero=True, quiet=0.0),
    _one("overload of the busiest expert", "rl", "max_violation", zero=True, note="0: all experts are equally busy"),
    _one("dead experts", "rl", "dead_experts", zero=True),
)

PANELS: Mapping[str, tuple[Panel, ...]] = {"rl": REWARDED}

_SAID_ELSEWHERE = frozenset(
    {"kind", "step", "seconds", "rows", "tokens", "worst_violation", "loads", "counted", "perplexity", "temperature"}
    | {"right", "reward", "length_max", "groups", "sampled", "sampled_tokens", "sampling_seconds", "update_seconds"}
    | {"ratio_mean", "kl", "reference_kl"}
)


def charts(runs: Sequence[Run], colors: Mapping[str, int]) -> Iterator[tuple[Chart, str]]:
    """The charts of one stage and the notes below them. ``colors`` are by the runs' labels."""
    shown = runs[:MOST_RUNS]
    known = PANELS.get(shown[0].stage, READING)
    for panel in (*known, *_strange(shown, known)):
        series = [one for run in shown for one in _series(run, panel, colors, len(shown))]
        values = {y for one in series for _, y in one.points}
        if values and values != {panel.quiet}:
            yield (
                Chart(
                    panel.title,
                    series,
                    x="step" if panel.curves[0].kind == "rl" else "update",
                    share=panel.unit == "share",
                    zero=panel.zero,
                    log_y=panel.log and _wide(series),
                    top=1.0 if panel.unit == "share" else None,
                ),
                panel.note,
            )


def _series(run: Run, panel: Panel, colors: Mapping[str, int], together: int) -> Iterator[Series]:
    most = max(40, 240 // max(1, together // 3))
    merged: dict[tuple[bool, str], list[tuple[float, float, float | None]]] = {}
    for curve in panel.curves:
        found = _points(run.lines.get(curve.kind, ()), curve, panel.derived)
        if found:
            merged.setdefault((curve.dashed, curve.says), []).extend(found)
    for (dashed, says), found in merged.items():
        curve = next(one for one in panel.curves if (one.dashed, one.says) == (dashed, says))
        found.sort(key=lambda point: point[0])
        points: list[Point] = [(x, y) for x, y, _ in found]
        few = len(points) <= most
        yield Series(
            f"{run.label}, {says}" if says else run.label,
            points if few else thin(points, most),
            color=colors.get(run.label, 0),
            dashed=dashed,
            marks=curve.mark and few and len(points) <= 60,
            errors=[error for _, _, error in found] if few and curve.error else None,
        )


def _points(
    lines: Sequence[Record], curve: Curve, derived: Callable[[Record], float | None] | None
) -> list[tuple[float, float, float | None]]:
    found = []
    for line in lines:
        x = number(line.get("step"))
        y = derived(line) if derived is not None else number(line.get(curve.key))
        if x is not None and y is not None:
            found.append((x, y, number(line.get(curve.error)) if curve.error else None))
    return found


def _wide(series: Sequence[Series]) -> bool:
    """Whether values lie so far apart that a logarithm helps."""
    values = [y for one in series for _, y in one.points]
    return min(values) > 0 and max(values) / min(values) > 8


def _strange(runs: Sequence[Run], known: Sequence[Panel]) -> list[Panel]:
    """Panels for numbers that no panel shows."""
    shown = {(curve.kind, curve.key) for panel in known for curve in panel.curves}
    found: dict[Source, None] = {}
    for run in runs:
        for kind in ("train", "rl", "validation"):
            for line in run.lines.get(kind, ())[-1:]:
                keys = (key for key in line if (kind, key) not in shown and key not in _SAID_ELSEWHERE)
                found.update(dict.fromkeys((kind, key) for key in keys if number(line[key]) is not None))
    return [Panel(key.replace("_", " ")[:40], (Curve(kind, key),)) for kind, key in list(found)[:MOST_STRANGE]]
