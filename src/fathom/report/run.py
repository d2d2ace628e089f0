"""A run as its directory describes it: its configuration, what it measured, how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fathom.report.records import JsonLines, Record, count, lookup, number, read_object, text
from fathom.train.run.metrics import METRICS, ROLLOUTS, RUN

MAX_LINES = 4096
"""Lines of one kind that are kept; of a longer run every second, every fourth …, and always the last."""

EVALUATIONS = frozenset({"measure", "beyond"})
"""Stages that evaluate models and train none."""

STEPS = "steps"
"""The kind under which the lines of all stages that sample completions are kept; files name them after the stage."""


@dataclass(slots=True)
class SampledLines:
    """The recorded lines of one kind. ``total`` counts all of them, kept or not."""

    kept: list[Record] = field(default_factory=list)
    total: int = 0
    _stride: int = 1
    _last: list[Record] = field(default_factory=list)

    def add(self, line: Record) -> None:
        self._last = [line]
        if self.total % self._stride == 0:
            self.kept.append(line)
            self._last = []
            if len(self.kept) > MAX_LINES:
                del self.kept[1::2]
                self._stride *= 2
        self.total += 1

    def all(self) -> list[Record]:
        return self.kept + self._last


@dataclass(slots=True, eq=False)
class Run:
    """``place``: its path below the directory that all runs of the report share. ``facts``: the object in run.json."""

    directory: Path
    place: tuple[str, ...] = ()
    facts: Record = field(default_factory=dict)
    lines: dict[str, list[Record]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    sampled_tokens: float = 0.0
    written: datetime | None = None
    finished: bool = False

    @property
    def label(self) -> str:
        return text("/".join(self.place) or self.directory.name, 80)

    @property
    def stage(self) -> str:
        """As run.json has it; without one, inferred from the kinds of lines."""
        kinds = ((STEPS, "rl"), ("measure", "measure"), ("beyond", "beyond"), ("train", "training"))
        inferred = next((stage for kind, stage in kinds if kind in self.lines), "unknown")
        return text(self.facts.get("stage"), 40) or inferred

    @property
    def trains(self) -> bool:
        """Whether the stage produces a model."""
        return self.stage not in EVALUATIONS

    @property
    def name(self) -> str:
        return text(self.facts.get("name"), 80)

    @property
    def description(self) -> str:
        """What the recipe says of the run, in words; empty where it says nothing."""
        return text(self.setting("description"), 120)

    @property
    def findings(self) -> list[str]:
        """What the check before reinforcement learning objected to."""
        findings = self.facts.get("findings")
        return [text(one, 300) for one in findings[:12] if text(one)] if isinstance(findings, list) else []

    @property
    def seed(self) -> int | None:
        return count(self.setting("seed"))

    @property
    def start(self) -> str:
        """The model that training started from; empty where it was initialized anew."""
        return text(self.setting("start"), 1000)

    @property
    def seconds(self) -> float | None:
        """Machine time up to the last recorded line."""
        last = [number(lines[-1].get("seconds")) for lines in self.lines.values() if lines]
        return max((value for value in last if value is not None and value >= 0), default=None)

    @property
    def dollars_per_hour(self) -> float | None:
        return number(self.setting("dollars_per_hour")) or None

    @property
    def dollars(self) -> float | None:
        """What the machine time cost; None where no price was set."""
        rate, seconds = self.dollars_per_hour, self.seconds
        return rate * seconds / 3600 if rate and seconds is not None else None

    @property
    def tokens(self) -> float | None:
        """Tokens trained on, or sampled by reinforcement learning."""
        return number(self.last("train").get("tokens")) if "train" in self.lines else self.sampled_tokens or None

    @property
    def step(self) -> int | None:
        """Updates done."""
        steps = [count(self.last(kind).get("step")) for kind in ("train", STEPS)]
        return max((value for value in steps if value is not None), default=None)

    @property
    def steps(self) -> int | None:
        """Updates planned; of a run that is limited by minutes, its own estimate."""
        planned = count(self.facts.get("updates"))
        return planned if planned is not None else count(self.last("train").get("total"))

    @property
    def rollouts(self) -> Path:
        return self.directory / ROLLOUTS

    def setting(self, path: str) -> Any:
        """A value of the configuration."""
        return lookup(self.facts, f"config.{path}")

    def last(self, kind: str) -> Record:
        """The last line of that kind; empty where there is none."""
        return (self.lines.get(kind) or [{}])[-1]


def load(directory: Path, place: tuple[str, ...] = ()) -> Run:
    """The run in ``directory``, as far as it can be read; what is wrong with its files goes to ``problems``."""
    facts, problems = read_object(directory / RUN)
    run = Run(directory, place, facts, problems=problems, finished=(directory / "final").is_dir())
    metrics = JsonLines(directory / METRICS)
    by_kind: dict[str, SampledLines] = {}
    for _, line in metrics:
        if kind := text(line.get("kind"), 40):
            by_kind.setdefault(STEPS if kind in ("rl", "distill") else kind, SampledLines()).add(line)
            run.sampled_tokens += number(line.get("sampled_tokens")) or 0.0
    run.lines = {kind: lines.all() for kind, lines in by_kind.items()}
    run.problems += metrics.problems()
    if not by_kind and not metrics.problem:
        run.problems.append("nothing has been recorded yet")
    if not run.trains:
        settings, lines = run.setting("settings"), by_kind.get(run.stage)
        run.finished = lines is not None and lines.total >= (len(settings) if isinstance(settings, list) else 1)
    try:
        run.written = datetime.fromtimestamp(metrics.path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        run.written = None
    return run
