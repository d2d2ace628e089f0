"""What a report is made of: runs, the variants they form, their evaluations, and what everything cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fathom.evals.statistics import mean
from fathom.report import formatting
from fathom.report.changes import Comparison, changes_from_base
from fathom.report.records import Record, count, label, lookup, number, text
from fathom.report.results import TaskResults, collect_results
from fathom.report.run import STEPS, Run
from fathom.report.variants import Variant, group_variants, lineage
from fathom.report.verdicts import DEFAULT_GOAL


@dataclass(slots=True)
class RunReport:
    """``goal``: the share of sampled answers that should be correct after reinforcement learning."""

    runs: list[Run]
    title: str
    goal: float = DEFAULT_GOAL
    variants: list[Variant] = field(init=False)
    tasks: list[TaskResults] = field(init=False)
    comparisons: list[Comparison] = field(init=False)

    def __post_init__(self) -> None:
        self.variants = group_variants(self.runs)
        self.tasks = collect_results(self.runs, self.variants)
        trained = [
            (results, result) for results in self.tasks for v in self.rl if (result := results.result(v)) is not None
        ]
        pairs = [changes_from_base(results, result, self.runs) for results, result in trained]
        self.comparisons = [pair for pair in pairs if pair is not None]

    @property
    def rl(self) -> list[Variant]:
        """The variants of reinforcement learning."""
        return [variant for variant in self.variants if variant.stage == "rl"]

    def stage(self, name: str) -> list[Run]:
        """Runs of that stage, in order."""
        return [run for run in self.runs if run.stage == name]

    @property
    def date(self) -> str:
        """When the last line was written."""
        written = max((run.written for run in self.runs if run.written is not None), default=None)
        return f"{written.day} {written:%B %Y}" if written is not None else ""

    @property
    def models(self) -> list[str]:
        """Descriptions of the models, each once."""
        return list(dict.fromkeys(described for run in self.runs if (described := describe_model(run.facts))))

    @property
    def hardware(self) -> list[str]:
        """Machines, threads and versions."""
        devices = sorted({text(run.facts.get("device"), 80) for run in self.runs} - {""})
        threads = sorted({value for run in self.runs if (value := count(run.facts.get("threads")))})
        versions = sorted({version for run in self.runs for version in versions_of(run.facts)})
        named = f"{' or '.join(map(str, threads[:4]))} thread{'s' if threads != [1] else ''}"
        return [*devices[:3], *([named] if threads else []), *versions[:6]]

    def seconds_from_scratch(self) -> tuple[str, float] | None:
        """The first variant of reinforcement learning, and the mean machine time from an initialized model to it."""
        for variant in self.rl:
            paths = [lineage(run, self.runs) for run in variant.runs]
            spent = [sum(run.seconds or 0.0 for run in path) for path in paths if not path[-1].start]
            if len(spent) == len(paths) and all(spent):
                return variant.name, mean(spent)
        return None

    def final_values(self) -> Iterator[tuple[str, str, str]]:
        """(name, first, last) of the reward or loss of the last run of each stage, where nothing was evaluated."""
        for stage, kind, key in (("rl", STEPS, "reward"), ("sft", "train", "loss"), ("pretrain", "train", "loss")):
            for run in self.stage(stage)[-1:]:
                values = [value for line in run.lines.get(kind, ()) if (value := number(line.get(key))) is not None]
                if values:
                    first, last = map(formatting.significant, (values[0], values[-1]))
                    yield f"{key} of {run.label}", first, last

    def cost_rows(self) -> Iterator[tuple[str, str, Sequence[Run]]]:
        """(name, stage, runs) of each variant and of the evaluations."""
        for variant in self.variants:
            going = sum(not run.finished for run in variant.runs)
            state = "not finished" if len(variant.runs) == 1 else f"{going} not finished"
            yield f"{variant.name} ({state})" if going else variant.name, variant.stage, variant.runs
        for stage, name in (("measure", "evaluations"), ("beyond", "comparisons with the base")):
            if runs := self.stage(stage):
                yield name, "", runs


def total(runs: Sequence[Run], attribute: str) -> float | None:
    """The sum of an attribute where it is known; None where it nowhere is."""
    known = _known_values(runs, attribute)
    return sum(known) if known else None


def average(runs: Sequence[Run], attribute: str) -> float | None:
    """The mean of an attribute where it is known; None where it nowhere is."""
    known = _known_values(runs, attribute)
    return mean(known) if known else None


def _known_values(runs: Sequence[Run], attribute: str) -> list[float]:
    return [value for run in runs if (value := getattr(run, attribute)) is not None]


def describe_model(facts: Record) -> str:
    """Size and architecture in words; empty where run.json has no size."""
    size, active = number(facts.get("parameters")), number(facts.get("active_parameters"))
    if size is None:
        return ""
    layers, width, experts, active_experts, modules = (
        count(lookup(facts, f"model.{key}"))
        for key in ("num_layers", "hidden_size", "moe.num_experts", "moe.experts_per_token", "num_mtp_layers")
    )
    kind = text(lookup(facts, "model.attention.kind"), 20)
    parts = [f"{formatting.size(size)} parameters"]
    parts += [f"{formatting.size(active)} of them active per token"] if active is not None and active < size else []
    parts += [f"{formatting.with_unit(layers, 'layer')} of width {width}"] if layers and width else []
    parts += ["latent attention" if kind == "mla" else f"{kind.upper()} attention"] if kind else []
    parts += [f"{experts} experts of which {active_experts} serve a token"] if experts and active_experts else []
    return ", ".join([*parts, *([formatting.with_unit(modules, "MTP module")] if modules else [])])


def versions_of(facts: Record) -> list[str]:
    """``torch 2.13.0`` …"""
    versions = facts.get("versions")
    return [f"{text(k, 20)} {text(v, 30)}" for k, v in list(versions.items())[:8]] if isinstance(versions, dict) else []


def describe_run(run: Run) -> dict[str, str]:
    """What is needed to repeat a run."""
    known = {
        "recipe": run.name,
        "description": run.description,
        "started from": run.start,
        "seed": run.seed,
        "model": describe_model(run.facts),
        "precision": text(run.facts.get("precision"), 20) or text(run.setting("precision"), 20),
        "machine": text(run.facts.get("device"), 80),
        "threads": count(run.facts.get("threads")),
        "versions": ", ".join(versions_of(run.facts)),
        "updates": f"{run.step} of {run.steps}" if run.step is not None and run.steps else run.step,
    }
    return {key: str(value) for key, value in known.items() if value not in ("", None)}


def describe_traces(run: Run) -> str:
    """What a teacher answered, and how much of it was learned; empty where there was none."""
    line = run.last("traces")
    asked, correct, kept, problems = (number(line.get(key)) for key in ("asked", "right", "kept", "problems_kept"))
    if asked is None or correct is None or kept is None:
        return ""
    size = formatting.size
    of = f" of {formatting.with_unit(int(problems), 'problem')}" if problems is not None else ""
    words = f"{size(asked)} answers of the teacher, {formatting.percent(correct)} correct; {size(kept)}{of} kept"
    dropped = line.get("dropped")
    reasons = list(dropped.items())[:8] if isinstance(dropped, dict) else []
    known = [f"{size(amount)} {label(reason)}" for reason, one in reasons if (amount := number(one)) is not None]
    return f"{run.label}: {words}." + (f" Left out: {formatting.join_words(known)}." if known else "")
