"""The stage `measure`: pass@k of a model on held-out problems of the test split, at several temperatures.

Models are chosen on the validation split; the test split is evaluated once. One line of ``metrics.jsonl`` for each
temperature.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveInt

from fathom.base.config import Part
from fathom.base.distributed import ALONE, World
from fathom.base.progress import human_seconds
from fathom.checkpoint.bundle import open_bundle
from fathom.evals.grading import Group
from fathom.evals.metrics import evaluate, metrics, summary
from fathom.evals.runner import Grader, build_grader
from fathom.tasks.task import DescribesGroups, Split
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.run.facts import run_facts
from fathom.train.run.metrics import Recorder, describe
from fathom.train.run.task import TaskConfig, load_task


class Setting(Part):
    """``temperature`` 0 is greedy, where one sample is enough."""

    temperature: float
    samples: PositiveInt


class MeasureConfig(RunConfig):
    """``start`` is the model; ``problems`` None takes all problems of the split."""

    stage: Literal["measure"] = "measure"
    start: str
    task: TaskConfig
    split: Split = "test"
    problems: PositiveInt | None = 256
    max_tokens: PositiveInt = 1024
    settings: tuple[Setting, ...] = (
        Setting(temperature=1.0, samples=8),
        Setting(temperature=0.6, samples=8),
        Setting(temperature=0.0, samples=1),
    )


def measure(config: MeasureConfig, out: Path, display: Display, world: World = ALONE) -> bool:
    """Run ``config`` into ``out``; the ranks of ``world`` share the problems."""
    bundle = open_bundle(config.start, dtype="float32", device=str(world.device(config.device)))
    grader = build_grader(bundle, load_task(config.task), world=world)
    items = list(grader.task.items(config.split, limit=config.problems))
    if world.is_main:
        describe(out, run_facts(config.model_copy(update={"precision": "float32"}), bundle.model, world))
    recorder = Recorder(out, writes=world.is_main)
    total = sum(setting.samples for setting in config.settings) * len(items)
    display.say(f"{total:,} answers to {len(items):,} problems of the {config.split} split")
    for setting in config.settings:
        groups = grader.sample_and_grade(
            items, setting.samples, max_tokens=config.max_tokens, temperature=setting.temperature, seed=config.seed
        )
        line = measurements(grader, groups) | {"temperature": setting.temperature, "split": config.split}
        recorder.record("measure", 0, line)
        seconds = human_seconds(recorder.seconds)
        display.say(f"temperature {setting.temperature:g}: {summary(evaluate(groups))}  ({seconds} so far)")
    hours = recorder.seconds / 3600
    price = f", ${hours * config.dollars_per_hour:.2f}" if config.dollars_per_hour else ""
    display.say(f"{human_seconds(recorder.seconds)} in all{price}; every number is in {recorder.path}")
    return True


def measurements(grader: Grader, groups: list[Group]) -> dict[str, Any]:
    """The metrics of every task, and those of this one."""
    own = grader.task.describe(groups) if isinstance(grader.task, DescribesGroups) else {}
    return metrics(groups) | own
