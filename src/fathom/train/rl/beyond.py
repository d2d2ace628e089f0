"""Did reinforcement learning teach what the base could not do, or only bring out what it could?

A model that answers one time in a hundred what it will later answer always has been made persistent, not skilled: its
pass@64 was there before. So this looks at held-out problems that the base does not solve in 64 samples, and counts how
many of them the trained model solves. Zero of 64 may be bad luck: a problem that is right one time in a hundred is
missed every second time. Hence the control: the base tries the same problems again, with as many fresh samples. What
the model solves beyond that was not there. (Yue et al., arXiv 2504.13837, compare pass@k curves; they find narrowing
where the base has seen such problems solved, which is why what was lost is counted as well.)

One line of ``metrics.jsonl`` for all problems together and one for each level. ``unsolved.jsonl`` has a problem a line,
with a right completion of the model where there is one: read some.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from pathlib import Path
from typing import Any, Literal

from pydantic import PositiveFloat, PositiveInt

from fathom.base.device import pick_device
from fathom.checkpoint.bundle import open_bundle
from fathom.evals.grading import Group
from fathom.tasks.task import LEVEL, Item, Split
from fathom.train.rl.config import TaskConfig
from fathom.train.rl.run import grader_of
from fathom.train.rl.tasks import task_of
from fathom.train.run.config import RunConfig
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder, describe

UNSOLVED = "unsolved.jsonl"
ALL = "all"


class BeyondConfig(RunConfig):
    """``start`` is the trained model, ``base`` the one it began as. ``problems`` None takes every one there is."""

    stage: Literal["beyond"] = "beyond"
    start: str
    base: str
    task: TaskConfig
    split: Split = "test"
    problems: PositiveInt | None = 256
    samples: PositiveInt = 64
    max_tokens: PositiveInt = 1024
    temperature: PositiveFloat = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Right completions of one problem, of as many samples each: ``first`` of the base, ``again`` of the base with
    fresh ones (None: it was not asked again), ``model`` of the trained model.
    """

    first: int
    model: int
    again: int | None = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """``unsolved``: problems of which the base solved none in ``samples``. Of these the model solved ``solved``, and
    the base, tried again, ``control``; ``only_model`` and ``only_control`` were solved by one of them alone. ``pass_1``
    and ``control_1`` are shares of right samples there. ``lost``: problems that the base solved and the model does not.
    """

    problems: int
    samples: int
    unsolved: int
    solved: int
    control: int
    only_model: int
    only_control: int
    pass_1: float
    control_1: float
    lost: int

    def metrics(self) -> dict[str, Any]:
        """With 95 % intervals of both shares, and how likely so uneven a pair of counts would be by chance."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "share": self.solved / self.unsolved if self.unsolved else None,
            "interval": wilson(self.solved, self.unsolved),
            "control_share": self.control / self.unsolved if self.unsolved else None,
            "control_interval": wilson(self.control, self.unsolved),
            "p_value": mcnemar(self.only_model, self.only_control),
        }


def compare(trials: Sequence[Trial], samples: int) -> Beyond:
    """What these trials say."""
    hard = [trial for trial in trials if trial.first == 0]
    again = [trial.again or 0 for trial in hard]
    total = max(1, len(hard) * samples)
    return Beyond(
        problems=len(trials),
        samples=samples,
        unsolved=len(hard),
        solved=sum(trial.model > 0 for trial in hard),
        control=sum(right > 0 for right in again),
        only_model=sum(trial.model > 0 and not trial.again for trial in hard),
        only_control=sum(right > 0 and not trial.model for trial, right in zip(hard, again, strict=True)),
        pass_1=sum(trial.model for trial in hard) / total,
        control_1=sum(again) / total,
        lost=sum(trial.first > 0 and trial.model == 0 for trial in trials),
    )


def wilson(successes: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (Wilson 1927), 95 % at this ``z``; everything, where nothing was tried."""
    if count == 0:
        return 0.0, 1.0
    share = successes / count
    center = share + z * z / (2 * count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (center - half) / scale), min(1.0, (center + half) / scale)


def mcnemar(one: int, other: int) -> float:
    """The chance of counts as uneven as these or more, if both were as likely (exact, two-sided): for problems that one
    of two solved and the other did not.
    """
    total = one + other
    tail: int = sum(comb(total, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**total)


def beyond(config: BeyondConfig, out: Path, display: Display) -> bool:
    """Run ``config`` into ``out``."""
    describe(out, {"stage": config.stage, "name": config.name, "config": config.model_dump(mode="json")})
    recorder = Recorder(out)
    items = list(task_of(config.task).items(config.split, limit=config.problems))
    first = _sample_groups(config, config.base, items, turn=0)
    hard = [group.item for group in first if group.right == 0]
    display.say(f"the base solves none of its {config.samples} samples of {len(hard)} of {len(items)} problems")
    again = {group.item.id: group.right for group in _sample_groups(config, config.base, hard, turn=1)}
    groups = _sample_groups(config, config.start, items, turn=2)
    trials = [
        Trial(before.right, after.right, again.get(before.item.id)) for before, after in zip(first, groups, strict=True)
    ]
    for level in (ALL, *dict.fromkeys(item.metadata[LEVEL] for item in items if LEVEL in item.metadata)):
        chosen = [t for item, t in zip(items, trials, strict=True) if level in (ALL, item.metadata.get(LEVEL))]
        found = compare(chosen, config.samples)
        recorder.record("beyond", 0, {"level": level, "split": config.split} | found.metrics())
        display.say(
            f"{level}: {found.solved} of {found.unsolved} unsolved problems are solved, {found.control} by the base "
            f"tried again; {found.lost} of {found.problems - found.unsolved} others are lost"
        )
    lines = [_browsable(group, trial) for group, trial in zip(groups, trials, strict=True) if trial.first == 0]
    (out / UNSOLVED).write_text("".join(lines), encoding="utf-8")
    return True


def _sample_groups(config: BeyondConfig, start: str, items: Sequence[Item], *, turn: int) -> list[Group]:
    """Fresh samples at every ``turn``."""
    bundle = open_bundle(start, dtype="float32", device=str(pick_device(config.device)))
    grader = grader_of(bundle, config.task)
    seed = 3 * config.seed + turn
    return grader.groups(items, config.samples, max_tokens=config.max_tokens, temperature=config.temperature, seed=seed)


def _browsable(group: Group, trial: Trial) -> str:
    prompt = group.item.prompt
    right = next((member.text for member in group.members if member.verdict.correct), None)
    line = {
        "id": group.item.id,
        "prompt": prompt if isinstance(prompt, str) else prompt[-1].content,
        "model": trial.model,
        "again": trial.again,
        "text": right,
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
