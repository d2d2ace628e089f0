"""One run as its directory tells it: what it was asked to do, what it measured, how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fathom.report.files import LoadedLines, read_lines, read_object
from fathom.report.values import Record, at, count, number, text
from fathom.train.run.metrics import METRICS, ROLLOUTS, RUN

KEPT = 4096
"""Lines of one kind that are kept; of a longer run every second, every fourth …, and always the last."""

ORDER = ("pretrain", "sft", "distill", "rl", "measure", "beyond")
"""Stages as a model goes through them; others follow those that train."""

LOOKS = frozenset({"measure", "beyond"})
"""Stages that look at models, and train none."""

STEPS = "steps"
"""The kind under which the lines of all stages that sample are kept; files call them by the stage."""

_SAMPLING = frozenset({"rl", "distill"})


@dataclass(slots=True)
class Lines:
    """The recorded lines of one kind. ``total`` counts all of them, kept or not."""

    kept: list[Record] = field(default_factory=list)
    total: int = 0
    _stride: int = 1
    _last: Record | None = None

    def add(self, line: Record) -> None:
        if self.total % self._stride == 0:
            self.kept.append(line)
            self._last = None
            if len(self.kept) > KEPT:
                del self.kept[1::2]
                self._stride *= 2
        else:
            self._last = line
        self.total += 1

    def all(self) -> list[Record]:
        return self.kept + ([self._last] if self._last is not None else [])


@dataclass(slots=True)
class Run:
    """``place`` is where it lies, from the place that all runs of the report share. ``facts`` are those of run.json."""

    directory: Path
    place: tuple[str, ...] = ()
    facts: Record = field(default_factory=dict)
    lines: dict[str, list[Record]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    sampled_tokens: float = 0.0
    sampled: float = 0.0
    written: datetime | None = None
    finished: bool = False

    @property
    def label(self) -> str:
        return text("/".join(self.place) or self.directory.name, 80)

    @property
    def stage(self) -> str:
        """As run.json has it; without one, what the lines look like."""
        if found := text(self.facts.get("stage"), 40):
            return found
        return next((stage for kind, stage in _STAGES if kind in self.lines), "unknown")

    @property
    def trains(self) -> bool:
        """Whether a model comes out of it."""
        return self.stage not in LOOKS

    @property
    def name(self) -> str:
        return text(self.facts.get("name"), 80)

    @property
    def seed(self) -> int | None:
        return count(self.setting("seed"))

    @property
    def start(self) -> str:
        """The model that it began with; empty where it built one."""
        return text(self.setting("start"), 1000)

    @property
    def seconds(self) -> float | None:
        """Machine time up to the last recorded line."""
        found = [number(lines[-1].get("seconds")) for lines in self.lines.values() if lines]
        return max((value for value in found if value is not None and value >= 0), default=None)

    @property
    def dollars(self) -> float | None:
        """What the time cost; None where no price was set."""
        rate, seconds = self.dollars_per_hour, self.seconds
        return rate * seconds / 3600 if rate and seconds is not None else None

    @property
    def dollars_per_hour(self) -> float | None:
        return number(self.setting("dollars_per_hour"))

    @property
    def tokens(self) -> float | None:
        """Read in training, or written by reinforcement learning."""
        if "train" in self.lines:
            return number(self.last("train").get("tokens"))
        return self.sampled_tokens or None

    @property
    def step(self) -> int | None:
        """Updates done."""
        done = [count(self.last(kind).get("step")) for kind in ("train", STEPS)]
        return max((value for value in done if value is not None), default=None)

    @property
    def steps(self) -> int | None:
        """Updates wanted; of a run that goes by minutes, as many as it thought would fit."""
        found = count(self.facts.get("updates"))
        return found if found is not None else count(self.last("train").get("total"))

    def setting(self, path: str) -> Any:
        """A value of the configuration."""
        return at(self.facts, f"config.{path}")

    def last(self, kind: str) -> Record:
        """The last line of that kind; empty where there is none."""
        lines = self.lines.get(kind)
        return lines[-1] if lines else {}

    def rollouts(self) -> Path:
        return self.directory / ROLLOUTS


_STAGES = ((STEPS, "rl"), ("measure", "measure"), ("beyond", "beyond"), ("train", "training"))


def load(directory: Path, place: tuple[str, ...] = ()) -> Run:
    """The run in ``directory``, as far as it can be read; what is wrong with it stands in ``problems``."""
    facts, problem = read_object(directory / RUN)
    run = Run(directory, place, facts, finished=(directory / "final").is_dir())
    if problem:
        run.problems.append(f"{RUN} {problem}")
    path, reading = directory / METRICS, LoadedLines()
    found: dict[str, Lines] = {}
    for line in read_lines(path, reading):
        kind = text(line.values.get("kind"), 40)
        if kind:
            found.setdefault(STEPS if kind in _SAMPLING else kind, Lines()).add(line.values)
            run.sampled_tokens += number(line.values.get("sampled_tokens")) or 0.0
            run.sampled += number(line.values.get("sampled")) or 0.0
    run.lines = {kind: lines.all() for kind, lines in found.items()}
    if reading.problem:
        run.problems.append(f"{METRICS} {reading.problem}")
    elif reading.broken:
        run.problems.append(f"{METRICS}: {reading.broken} broken line{'s' if reading.broken > 1 else ''} left out")
    if not found and not reading.problem:
        run.problems.append("nothing has been recorded yet")
    settings = run.setting("settings")
    if not run.trains:
        lines = found.get(run.stage)
        wanted = len(settings) if isinstance(settings, list) else 1
        run.finished = lines is not None and lines.total >= wanted
    try:
        run.written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        run.written = None
    return run
