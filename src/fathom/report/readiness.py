"""Was the base ready for reinforcement learning? The look before the start, held against the bounds of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fathom.report import formatting as spell
from fathom.report.run import Run
from fathom.report.values import Record, at, number, text

Outcome = Literal["met", "missed", "open"]


@dataclass(frozen=True, slots=True)
class ReadinessVerdict:
    """An aim, and what came of it; ``open`` is what the numbers do not decide. ``told`` says by how much."""

    aim: str
    outcome: Outcome
    told: str


@dataclass(frozen=True, slots=True)
class _Found:
    """One run's part of a verdict."""

    aim: str
    met: bool
    told: str


def gate(runs: Sequence[Run]) -> list[ReadinessVerdict]:
    """The verdicts on the bases of runs of reinforcement learning, runs of one aim in one verdict; none where nobody
    looked.
    """
    by_aim: dict[str, list[tuple[Run, _Found]]] = {}
    looked = [run for run in runs if run.last("gate")]
    for ask in (_pass_rate_findings, _ever, _thinking):
        for run in looked:
            found = ask(run, run.last("gate"))
            if found is not None:
                by_aim.setdefault(found.aim, []).append((run, found))
    return [_together(aim, found) for aim, found in by_aim.items()]


def findings(run: Run) -> list[str]:
    """What the look before the start objected to, in its own words."""
    said = at(run.facts, "findings")
    return [text(one, 300) for one in said[:12] if text(one)] if isinstance(said, list) else []


def _together(aim: str, found: Sequence[tuple[Run, _Found]]) -> ReadinessVerdict:
    same = len({run.place[-1:] for run, _ in found}) == 1  # seed-1/zero, seed-2/zero: say seed-1, seed-2
    names = ["/".join(run.place[:-1]) if same and len(run.place) > 1 else run.label for run, _ in found]
    told = "; ".join(f"{name} {one.told}" for name, (_, one) in zip(names, found, strict=True))
    told = found[0][1].told if len(found) == 1 else told
    return ReadinessVerdict(aim, "met" if all(one.met for _, one in found) else "missed", told)


def _pass_rate_findings(run: Run, line: Record) -> _Found | None:
    solved, bounds = number(line.get("pass@1")), run.setting("gate.pass_at_1")
    if solved is None or not isinstance(bounds, list) or len(bounds) != 2:
        return None
    low, high = number(bounds[0]), number(bounds[1])
    if low is None or high is None:
        return None
    error = number(line.get("error"))
    told = (
        spell.share(solved) + (f"{spell.PLUS_MINUS}{spell.share(error)}" if error is not None else "") + f"{spell.GAP}%"
    )
    if solved > high:
        told += f", {spell.share(solved - high)} points above"
    elif solved < low:
        told += f", {spell.share(low - solved)} points below"
    return _Found(f"pass@1 between {spell.share(low, 0)} and {spell.percent(high, 0)}", low <= solved <= high, told)


def _ever(run: Run, line: Record) -> _Found | None:
    ks = [int(key[5:]) for key in line if key.startswith("pass@") and key[5:].isascii() and key[5:].isdecimal()]
    k = max((k for k in ks if k < 10**6), default=1)
    least, ever = number(run.setting("gate.pass_at_k")), number(line.get(f"pass@{k}"))
    if k == 1 or least is None or ever is None:
        return None
    told = spell.percent(ever) + ("" if ever >= least else f", {spell.share(least - ever)} points below")
    return _Found(f"pass@{k} at least {spell.percent(least, 0)}", ever >= least, told)


def _thinking(_run: Run, line: Record) -> _Found | None:
    thought, guessed = number(line.get("thought_right")), number(line.get("guess_right"))
    if thought is None:
        return None
    told = f"{spell.share(thought)} against {spell.percent(guessed)}" if guessed is not None else "it never guesses"
    return _Found("thoughts are right more often than guesses", guessed is None or thought > guessed, told)
