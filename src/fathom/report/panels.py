"""Which curves the page draws of a stage: one panel for each thing that its runs recorded.

A panel without numbers is left out. Numbers without an entry in `PANELS` get a panel under the name they were recorded
by, and objects of numbers (parts of a reward, difficulty levels) a panel with a curve for each key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fathom.report.records import Record, label, lookup, number
from fathom.report.run import STEPS, Run

MAX_RUNS, MAX_OTHER_PANELS, MAX_CURVES = 24, 8, 16

Points = list[tuple[float, float, float | None]]
"""(x, y, standard error of y or None)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a curve's values are: ``key`` (a dot descends) in lines of a ``kind``; ``error`` is the key of ± y."""

    kind: str
    key: str
    name: str = ""
    error: str = ""
    per: str = ""
    """Another key to divide by: a rate."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart. ``constant``: it is left out where all values are this. ``minor`` panels are folded away."""

    title: str
    sources: tuple[Source, ...]
    share: bool = False
    zero: bool = False
    log: bool = False
    note: str = ""
    constant: float | None = None
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """``points`` by x. ``color`` is a place in the palette; ``marks``: points are drawn, with their errors."""

    name: str
    points: Points
    color: int
    dashed: bool = False
    marks: bool = False


@dataclass(frozen=True, slots=True)
class PanelCurves:
    """A panel with its curves. ``by_key``: colors tell the keys of an object apart, not the variants."""

    panel: Panel
    curves: list[Curve] = field(default_factory=list)
    by_key: dict[str, int] = field(default_factory=dict)


def _train(title: str, key: str, **options: object) -> Panel:
    return Panel(title, (Source("train", key),), **options)  # type: ignore[arg-type]


def _step(title: str, key: str, **options: object) -> Panel:
    return Panel(title, (Source(STEPS, key),), **options)  # type: ignore[arg-type]


def _loss(title: str, key: str) -> Panel:
    return Panel(title, (Source("train", key), Source("validation", f"validation_{key}", "validation")), log=True)


EVALUATED = (Source("evaluation", "pass@1", error="error"), Source("gate", "pass@1", error="error"))
BUSIEST: dict[str, object] = {"zero": True, "note": "0: all experts have the same load"}
LR = "learning rate, share of its peak"

PANELS = (
    _loss("loss, nats per token", "loss"),
    _loss("loss of the MTP modules", "mtp_loss"),
    _train("accepted MTP drafts", "mtp_acceptance", share=True, zero=True),
    _train("tokens per second", "tokens_per_second", zero=True),
    _train("gradient norm", "gradient_norm", log=True, note="before clipping"),
    _train(LR, "lr_factor", share=True, zero=True),
    _train("excess load of the busiest expert", "max_violation", **BUSIEST),
    _train("router entropy", "router_entropy", note="1: every expert is equally likely"),
    _train("dead experts", "dead_experts", zero=True, constant=0.0),
    _step("reward", "reward", zero=True, note="mean of the completions sampled for a step"),
    Panel(
        "KL divergence from the teacher, nats per token",
        (Source(STEPS, "reverse_kl"), Source(STEPS, "sampled_kl", "estimated from the sampled tokens")),
        zero=True,
    ),
    _step("agreement with the teacher", "agreement", share=True, zero=True, note="on the most likely token"),
    Panel("pass@1 on validation", EVALUATED, share=True, note="± standard error; at 0, before the first step"),
    _step("length, tokens", "length", zero=True),
    _step("guesses", "guesses", share=True, zero=True, note="answers without thinking"),
    _step("truncated", "truncated", share=True, zero=True, note="completions that reached the limit of tokens"),
    _step("entropy, nats per token", "entropy", zero=True),
    Panel(
        "ratio of new to old policy",
        (Source(STEPS, "ratio_max", "largest"), Source(STEPS, "ratio_min", "smallest")),
        note="exactly 1 with one update per sampling",
    ),
    _step("gap between engine and trainer", "engine_gap", log=True, note="largest difference of a log-probability"),
    _step("groups with equal rewards", "zero_variance", share=True, zero=True, note="every advantage is 0"),
    Panel(
        "correct, strict and lenient reading",
        (Source(STEPS, "right", "strict"), Source(STEPS, "lenient", "lenient")),
        share=True,
        zero=True,
        minor=True,
    ),
    _step("loss", "loss", minor=True),
    _step("gradient norm", "gradient_norm", minor=True, log=True, note="before clipping"),
    _step(LR, "lr_factor", minor=True, share=True, zero=True),
    Panel(
        "sampled tokens per second", (Source(STEPS, "sampled_tokens", per="sampling_seconds"),), zero=True, minor=True
    ),
    _step("well formed", "well_formed", minor=True, share=True, zero=True, constant=1.0),
    _step("clipped tokens", "clip_fraction", minor=True, share=True, zero=True, constant=0.0),
    _step("excess load of the busiest expert", "max_violation", minor=True, **BUSIEST),
    _step("dead experts", "dead_experts", zero=True, constant=0.0, minor=True),
)

LEVELS = (
    Panel("pass@1 on validation, by level", (Source("evaluation", "levels.*.pass@1"),), share=True, zero=True),
    Panel("recently correct, by level", (Source(STEPS, "levels.*.recent"),), share=True, zero=True),
    Panel("share of the samples, by level", (Source(STEPS, "levels.*.share"),), share=True, zero=True),
)

SHOWN_ELSEWHERE = frozenset(
    [
        "kind",
        "step",
        "seconds",
        "rows",
        "total",
        "tokens",
        "worst_violation",
        "loads",
        "levels",
        "counted",
        "perplexity",
        "temperature",
        "length_max",
        "groups",
        "sampled",
        "learned_tokens",
        "sampling_seconds",
        "update_seconds",
        "ratio_mean",
        "kl",
        "reference_kl",
        "flops",
    ]
)
"""Keys without a panel: tables or another panel show them."""


def collect_panels(runs: Sequence[Run], colors: Mapping[Run, int]) -> Iterator[PanelCurves]:
    """The panels of one stage that have something to show."""
    runs = runs[:MAX_RUNS]
    for panel in (*PANELS, *LEVELS, *_other_panels(runs)):
        drawn = PanelCurves(panel)
        for run in runs:
            for place, source in enumerate(panel.sources):
                drawn.curves.extend(_curves(run, source, place, colors.get(run, 7), drawn.by_key))
        merged = _merge(drawn.curves)
        values = {y for curve in merged for _, y, _ in curve.points}
        if values and values != {panel.constant}:
            yield replace(drawn, curves=merged)


def _curves(run: Run, source: Source, place: int, color: int, by_key: dict[str, int]) -> Iterator[Curve]:
    """The curve of a run; of a key with ``*`` one for each key of the object there."""
    lines = run.lines.get(source.kind, ())
    marks = source.kind not in ("train", STEPS)
    if "*" not in source.key:
        name = f"{run.label}, {source.name}" if source.name else run.label
        yield Curve(name, _points(lines, source), color, dashed=bool(source.name) and place > 0, marks=marks)
        return
    parent, _, rest = source.key.partition(".*")
    keys = {key: None for line in lines if isinstance(inner := line.get(parent), Mapping) for key in inner}
    for key in [key for key in keys if "." not in key][:MAX_CURVES]:
        points = _points(lines, replace(source, key=f"{parent}.{key}{rest}"))
        if points:
            place = by_key.setdefault(label(key), len(by_key))
            yield Curve(f"{run.label}, {label(key)}", points, place, dashed=place >= 8, marks=marks)


def _points(lines: Sequence[Record], source: Source) -> Points:
    points: Points = []
    for line in lines:
        x, y = number(line.get("step")), number(lookup(line, source.key))
        divisor = number(line.get(source.per)) if source.per else 1.0
        if x is not None and y is not None and divisor:
            points.append((x, y / divisor, number(line.get(source.error)) if source.error else None))
    return points


def _merge(curves: Sequence[Curve]) -> list[Curve]:
    """Curves of one name joined, as those of two kinds of lines; empty ones left out."""
    by_name: dict[str, Curve] = {}
    for curve in curves:
        if curve.points:
            before = by_name.get(curve.name)
            points = sorted([*(before.points if before else []), *curve.points], key=lambda point: point[0])
            by_name[curve.name] = replace(curve, points=points)
    return list(by_name.values())


def _other_panels(runs: Sequence[Run]) -> list[Panel]:
    """Panels for keys that no panel above reads."""
    known = {(source.kind, source.key) for panel in PANELS for source in panel.sources}
    keys: dict[tuple[str, str], bool] = {}
    for run in runs:
        for kind in ("train", STEPS, "validation"):
            for key, value in run.last(kind).items():
                nested = isinstance(value, Mapping)
                new = (kind, key) not in known and key not in SHOWN_ELSEWHERE and "." not in key
                if new and (nested or number(value) is not None):
                    keys[kind, key] = nested
    return [
        Panel(label(key), (Source(kind, f"{key}.*" if nested else key),), minor=True)
        for (kind, key), nested in list(keys.items())[:MAX_OTHER_PANELS]
    ]


def thin(points: Points, most: int) -> Points:
    """At most about ``most`` points: of every stretch the lowest and the highest, so that no spike is lost."""
    if len(points) <= most:
        return points
    ys = np.array([y for _, y, _ in points])
    stretches = np.array_split(np.arange(len(points)), max(1, (most - 2) // 2))
    kept = {0, len(points) - 1}
    for stretch in stretches:
        kept |= {int(stretch[ys[stretch].argmin()]), int(stretch[ys[stretch].argmax()])}
    return [points[place] for place in sorted(kept)]
