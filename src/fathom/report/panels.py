"""What there is to draw of a stage: one panel a thing that runs record, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from fathom.report.run import STEPS
from fathom.report.values import Record, number


@dataclass(frozen=True, slots=True)
class Curve:
    """One of a panel's curves; ``key`` may descend with a dot. ``says`` is added to a run's name where a panel
    has several; ``mark`` draws points.
    """

    kind: str
    key: str
    says: str = ""
    dashed: bool = False
    mark: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart of a stage: its curves, and how its axis is read. Where all values are ``quiet`` it tells nothing;
    ``aside`` is what only somebody looks at who wonders.
    """

    title: str
    curves: tuple[Curve, ...]
    unit: Literal["number", "share"] = "number"
    zero: bool = False
    log: bool = False
    note: str = ""
    quiet: float | None = None
    aside: bool = False
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
    _one("dead experts", "train", "dead_experts", zero=True, quiet=0.0),
)

SAMPLING = (
    _one("reward", STEPS, "reward", zero=True, note="mean of the completions sampled for a step"),
    Panel(
        "apart from the teacher, nats a token",
        (Curve(STEPS, "reverse_kl"), Curve(STEPS, "sampled_kl", "from the sampled tokens alone", dashed=True)),
        zero=True,
    ),
    _one("teacher and pupil agree", STEPS, "agreement", unit="share", zero=True, note="on the likeliest token"),
    Panel(
        "pass@1 on validation",
        (Curve("evaluation", "pass@1", mark=True, error="error"), Curve("gate", "pass@1", mark=True, error="error")),
        unit="share",
        note="± standard error over problems; at 0, the look before the start",
    ),
    _one("length, tokens", STEPS, "length", zero=True),
    _one(
        "guesses",
        STEPS,
        "guesses",
        unit="share",
        zero=True,
        note="no closed thought before the answer; what is cut off counts too",
    ),
    _one("cut off", STEPS, "truncated", unit="share", zero=True, note="completions that reached the limit"),
    _one("entropy, nats a token", STEPS, "entropy", zero=True),
    Panel(
        "ratio of new to old policy",
        (Curve(STEPS, "ratio_max", "largest"), Curve(STEPS, "ratio_min", "smallest", dashed=True)),
        note="exactly 1 where one update follows each sampling",
    ),
    _one("engine and trainer apart", STEPS, "engine_gap", log=True, note="largest difference of a log-probability"),
    _one(
        "groups of one mind", STEPS, "zero_variance", unit="share", zero=True, note="all right or all wrong: no lesson"
    ),
    Panel(
        "right, strictly and leniently read",
        (Curve(STEPS, "right", "strictly"), Curve(STEPS, "lenient", "leniently", dashed=True)),
        unit="share",
        zero=True,
        aside=True,
    ),
    Panel(
        "parts of the reward",
        (
            Curve(STEPS, "reward_parts.accuracy", "accuracy"),
            Curve(STEPS, "reward_parts.format", "format", dashed=True),
            Curve(STEPS, "reward_parts.language", "language", dashed=True),
            Curve(STEPS, "reward_parts.length", "length", dashed=True),
        ),
        aside=True,
    ),
    _one("loss", STEPS, "loss", aside=True),
    _one("norm of the gradient", STEPS, "gradient_norm", aside=True, log=True, note="before clipping"),
    _one("learning rate, share of its peak", STEPS, "lr_factor", aside=True, unit="share", zero=True),
    Panel("tokens sampled a second", (Curve(STEPS, "sampled_tokens"),), zero=True, aside=True, derived=_rate),
    _one("well formed", STEPS, "well_formed", aside=True, unit="share", zero=True, quiet=1.0),
    _one("clipped tokens", STEPS, "clip_fraction", aside=True, unit="share", zero=True, quiet=0.0),
    _one(
        "overload of the busiest expert",
        STEPS,
        "max_violation",
        aside=True,
        zero=True,
        note="0: all experts are equally busy",
    ),
    _one("dead experts", STEPS, "dead_experts", zero=True, quiet=0.0, aside=True),
)

SAID_ELSEWHERE = frozenset(
    {
        "kind",
        "step",
        "seconds",
        "rows",
        "total",
        "tokens",
        "worst_violation",
        "loads",
        "counted",
        "perplexity",
        "temperature",
    }
    | {
        "right",
        "lenient",
        "reward",
        "length_max",
        "groups",
        "sampled",
        "learned_tokens",
        "sampled_tokens",
        "sampling_seconds",
        "update_seconds",
    }
    | {"ratio_mean", "kl", "reference_kl"}
)
"""Keys of lines that need no panel: they are told in words or tables, or by another panel."""
