"""The stage `beyond`: does a trained model solve problems that its base does not solve in many samples?

What is counted and why: `fathom.evals.comparison`. One line of ``metrics.jsonl`` for all problems together and one for
each level. ``unsolved.jsonl`` has one unsolved problem a line, with a correct completion of the model where there is
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import PositiveFloat, PositiveInt

from fathom.base.device import pick_device
from fathom.base.json_lines import json_line
from fathom.checkpoint.bundle import open_bundle
from fathom.evals.comparison import Trial, compare_with_base
from fathom.evals.grading import Group
from fathom.evals.runner import build_grader
from fathom.tasks.task import LEVEL, Item, Split
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder, describe
from fathom.train.run.task import TaskConfig, load_task

UNSOLVED = "unsolved.jsonl"
ALL = "all"


class BeyondConfig(RunConfig):
    """``start`` is the trained model, ``base`` the one its training started from. ``problems`` None takes all."""

    distributed: ClassVar[bool] = False

    stage: Literal["beyond"] = "beyond"
    start: str
    base: str
    task: TaskConfig
    split: Split = "test"
    problems: PositiveInt | None = 256
    samples: PositiveInt = 64
    max_tokens: PositiveInt = 1024
    temperature: PositiveFloat = 1.0


def beyond(config: BeyondConfig, out: Path, display: Display) -> bool:
    """Run ``config`` into ``out``."""
    describe(out, {"stage": config.stage, "name": config.name, "config": config.model_dump(mode="json")})
    items = list(load_task(config.task).items(config.split, limit=config.problems))
    first = _sample_groups(config, config.base, items, series=0)
    hard = [group.item for group in first if group.correct == 0]
    display.say(f"the base solves none of its {config.samples} samples of {len(hard)} of {len(items)} problems")
    again = {group.item.id: group.correct for group in _sample_groups(config, config.base, hard, series=1)}
    groups = _sample_groups(config, config.start, items, series=2)
    trials = [
        Trial(before.correct, after.correct, again.get(before.item.id))
        for before, after in zip(first, groups, strict=True)
    ]
    _record(config, Recorder(out), display, items, trials)
    lines = [_unsolved_line(group, trial) for group, trial in zip(groups, trials, strict=True) if trial.first == 0]
    (out / UNSOLVED).write_text("".join(lines), encoding="utf-8")
    return True


def _sample_groups(config: BeyondConfig, start: str, items: Sequence[Item], *, series: int) -> list[Group]:
    """Samples that are independent for every ``series``."""
    bundle = open_bundle(start, dtype="float32", device=str(pick_device(config.device)))
    grader = build_grader(bundle, load_task(config.task))
    return grader.sample_and_grade(
        items,
        config.samples,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        seed=3 * config.seed + series,
    )


def _record(
    config: BeyondConfig, recorder: Recorder, display: Display, items: Sequence[Item], trials: Sequence[Trial]
) -> None:
    """One line for all problems, and one for each level."""
    for level in (ALL, *dict.fromkeys(item.metadata[LEVEL] for item in items if LEVEL in item.metadata)):
        of_level = [t for item, t in zip(items, trials, strict=True) if level in (ALL, item.metadata.get(LEVEL))]
        comparison = compare_with_base(of_level, config.samples)
        recorder.record("beyond", 0, {"level": level, "split": config.split} | comparison.metrics())
        display.say(
            f"{level}: {comparison.solved} of {comparison.unsolved} unsolved problems are solved, "
            f"{comparison.control} by the base sampled again; "
            f"{comparison.lost} of {comparison.problems - comparison.unsolved} others are lost"
        )


def _unsolved_line(group: Group, trial: Trial) -> str:
    """One line of ``unsolved.jsonl``."""
    prompt = group.item.prompt
    line = {
        "id": group.item.id,
        "prompt": prompt if isinstance(prompt, str) else prompt[-1].content,
        "model": trial.model,
        "again": trial.again,
        "text": next((member.text for member in group.members if member.verdict.correct), None),
    }
    return json_line(line)
