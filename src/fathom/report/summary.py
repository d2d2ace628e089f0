"""The top of the page: what was trained, on what, for how long, and what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fathom.report import costs
from fathom.report import formatting as spell
from fathom.report.changes import base_of
from fathom.report.measures import GREEDY, Board, Measure, Result
from fathom.report.run import STEPS, Run
from fathom.report.values import at, count, number, text
from fathom.report.variants import Variant
from fathom.report.verdicts import with_error


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands large, its name, and what it was before."""

    value: str
    name: str
    before: str = ""


def abstract(runs: Sequence[Run], groups: Sequence[Variant], board: Board | None) -> str:
    """A few sentences in the place of an abstract."""
    return " ".join(
        sentence
        for sentence in (_model(runs), _training_sentence(groups), _result(runs, groups, board), _cost(runs, groups))
        if sentence
    )


def figures(runs: Sequence[Run], groups: Sequence[Variant], board: Board | None) -> list[Figure]:
    """Three or four numbers to remember."""
    found = [*_result_figures(runs, groups, board)] or [*_final_figures(runs)]
    seconds, dollars = costs.seconds(runs), costs.dollars(runs)
    if seconds is not None:
        found.append(
            Figure(spell.duration(seconds), "machine time" + (f", {spell.dollars(dollars)}" if dollars else ""))
        )
    return found[:4]


def hardware(runs: Sequence[Run]) -> str:
    """Machines, threads and versions."""
    devices = {text(run.facts.get("device"), 80) for run in runs} - {""}
    threads = sorted({found for run in runs if (found := count(run.facts.get("threads")))})
    versions = {
        f"{text(name, 20)} {text(version, 30)}"
        for run in runs
        if isinstance(known := run.facts.get("versions"), dict)
        for name, version in list(known.items())[:8]
    }
    parts = [*sorted(devices)[:3]]
    if threads:
        parts.append(f"{' or '.join(map(str, threads[:4]))} thread{'s' if threads != [1] else ''}")
    return " · ".join([*parts, *sorted(versions)[:6]])


def date(runs: Sequence[Run]) -> str:
    """When the last line was written."""
    written = max((run.written for run in runs if run.written is not None), default=None)
    return f"{written.day} {written:%B %Y}" if written is not None else ""


def learned_pair(runs: Sequence[Run], groups: Sequence[Variant], board: Board) -> tuple[Result | None, Result] | None:
    """The first measured arm of reinforcement learning, and what it began with."""
    for arm in groups:
        if arm.stage == "rl" and (mine := board.result(arm)) is not None:
            return base_of(board, arm, runs), mine
    return None


def architecture(run: Run) -> str:
    """A model's configuration in words."""
    model = run.facts.get("model")
    if not isinstance(model, dict):
        return ""
    layers, width = count(model.get("num_layers")), count(model.get("hidden_size"))
    parts = [f"{spell.with_unit(layers, 'layer')} of width {width}"] if layers and width else []
    kind = text(at(model, "attention.kind"), 20)
    if kind:
        parts.append("latent attention" if kind == "mla" else f"{kind.upper()} attention")
    experts, chosen = count(at(model, "moe.num_experts")), count(at(model, "moe.experts_per_token"))
    if experts and chosen:
        parts.append(f"{experts} experts of which {chosen} serve a token")
    if modules := count(model.get("num_mtp_layers")):
        parts.append(spell.with_unit(modules, "MTP module"))
    return ", ".join(parts)


def parameters(run: Run) -> str:
    """Total and active."""
    total, active = number(run.facts.get("parameters")), number(run.facts.get("active_parameters"))
    if total is None:
        return ""
    also = f", {spell.size(active)} of them active for a token" if active is not None and active < total else ""
    return f"{spell.size(total)} parameters{also}"


def _model(runs: Sequence[Run]) -> str:
    known = [run for run in runs if number(run.facts.get("parameters")) is not None]
    described = list({(parameters(run), architecture(run)): None for run in known})
    if not described:
        return ""
    if len(described) > 1:
        return f"Models of {len(described)} sizes."
    size, build = described[0]
    return f"The model has {size}" + (f": {build}." if build else ".")


def _training_sentence(groups: Sequence[Variant]) -> str:
    """The road of each arm; of several runs the mean."""
    told = []
    for arm in groups[:MOST_ARMS]:
        runs = arm.runs
        seconds = _mean([run.seconds for run in runs])
        tokens = _mean([run.tokens for run in runs])
        stage = _STAGES.get(arm.stage, arm.stage)
        road = f"{spell.with_unit(len(runs), 'run')} of {stage}" if len(runs) > 1 else stage
        if tokens is not None:
            road += f", {spell.size(tokens)} tokens" + (" of its own" if STEPS in runs[0].lines else "")
        if seconds is not None:
            road += f"{' and' if tokens is not None else ','} {spell.duration(seconds)}"
        told.append(f"{arm.name} ({road}{_each(runs)})")
    if not told:
        return ""
    more = len(groups) - len(told)
    told += [f"{more} more"] if more > 0 else []
    return f"Trained {'were' if len(told) > 1 else 'was'} {spell.join_words(told)}."


def _each(runs: Sequence[Run]) -> str:
    """Whether the mean is what every run took."""
    times = [run.seconds for run in runs if run.seconds is not None]
    if len(runs) < 2 or not times:
        return ""
    return " each" if max(times) <= 1.1 * min(times) else " on the average"


MOST_ARMS = 6
"""Arms that the abstract speaks of."""

_STAGES = {
    "pretrain": "pretraining",
    "sft": "supervised fine-tuning",
    "distill": "distillation",
    "rl": "reinforcement learning",
}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _result(runs: Sequence[Run], groups: Sequence[Variant], board: Board | None) -> str:
    pair = learned_pair(runs, groups, board) if board is not None else None
    if board is None or pair is None:
        return ""
    before, after = pair
    told = []
    for measure, name in _headlines(board):
        new = after.estimate(measure)
        old = before.estimate(measure) if before is not None else None
        if new is not None:
            told.append(
                f"{name} went from {with_error(old)} to {with_error(new)}" if old else f"{name} is {with_error(new)}"
            )
    where = (
        f"On {spell.with_unit(board.problems, 'problem')} of the {board.split} split"
        if board.problems
        else "On held-out problems"
    )
    more = any((found := after.estimate(measure)) is not None and found.over_runs for measure, _ in _headlines(board))
    kind = "± is the spread over runs" if more else "± is the standard error over problems"
    return f"{where}, {spell.join_words(told)} ({kind})." if told else ""


def _headlines(board: Board) -> list[tuple[Measure, str]]:
    found = [(Measure("", "pass@1", t), f"sampled pass@1 at T = {t:g}") for t in board.temperatures if t > GREEDY]
    return found + ([(Measure("", "pass@1", GREEDY), "greedy")] if GREEDY in board.temperatures else [])


def _cost(runs: Sequence[Run], groups: Sequence[Variant]) -> str:
    seconds, dollars = costs.seconds(runs), costs.dollars(runs)
    if seconds is None:
        return ""
    price = f" and {spell.dollars(dollars)}" if dollars is not None else ""
    all_of_it = f"{spell.duration(seconds)} of machine time{price}"
    for arm in groups:
        roads = [costs.road(run, runs) for run in arm.runs]
        mean = _mean(roads)
        if arm.stage == "rl" and mean is not None and all(roads):
            return f"From nothing to {arm.name} took {spell.duration(mean)}; everything here {all_of_it}."
    return f"Everything here took {all_of_it}."


def _result_figures(runs: Sequence[Run], groups: Sequence[Variant], board: Board | None) -> Iterator[Figure]:
    pair = learned_pair(runs, groups, board) if board is not None else None
    if board is None or pair is None:
        return
    before, after = pair
    for measure, name in _headlines(board):
        new = after.estimate(measure)
        old = before.estimate(measure) if before is not None else None
        if new is not None:
            yield Figure(spell.percent(new.mean), name, spell.percent(old.mean) if old is not None else "")


def _final_figures(runs: Sequence[Run]) -> Iterator[Figure]:
    """What the last run of each stage ended with."""
    for stage, kind, key, name in (
        ("rl", STEPS, "reward", "reward"),
        ("sft", "train", "loss", "loss"),
        ("pretrain", "train", "loss", "loss"),
    ):
        for run in [run for run in runs if run.stage == stage][-1:]:
            lines = [found for line in run.lines.get(kind, ()) if (found := number(line.get(key))) is not None]
            if lines:
                yield Figure(spell.significant(lines[-1]), f"{name} of {run.label}", spell.significant(lines[0]))
