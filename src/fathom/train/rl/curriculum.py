"""A curriculum: several levels of difficulty as one task, whose training problems adapt to what was sampled.

A group that is all wrong or all right has advantages of 0, and a hard level is all wrong until an easier one has been
learned. So levels open one after another: each names the level that has to be passed before it, and passed means a
share of correct answers over the last groups that were sampled there. Among the open levels the next problems are drawn
in proportion to how many groups had mixed results lately. A floor keeps every open level in the draw, so that an old
one is not forgotten and a new one gets its chance. A trickle of closed levels keeps what the base could do there: a
level that is never sampled is forgotten (docs/log.md).

Groups with mixed results are counted, rather than p (1 - p) computed from the share p of correct answers: a level of
which half the problems are always solved and the other half never has p = 1/2 and no gradient.

The windows of recent results are the only state. It is plain numbers, is saved with the run, and decides, together with
the step's seed, every draw: a resumed run draws the same problems. Held-out problems are taken from all levels in turn,
open or not, so that any number of them measures every level alike.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any, Protocol, runtime_checkable

from fathom.base.errors import ConfigError
from fathom.tasks.task import LEVEL, DescribesGroups, GradedGroup, Item, Split, Task, Verdict


@runtime_checkable
class Adaptive(Protocol):
    """A task that chooses its training problems by what was sampled."""

    def observe(self, groups: Iterable[GradedGroup]) -> dict[str, Any]:
        """Update the state by the groups of one step; returns metrics to log."""

    def state(self) -> dict[str, Any]:
        """Plain values: everything but the seed that the next draw depends on."""

    def load(self, state: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Level:
    """``after`` names the level that must be passed before this one opens; None: open from the start."""

    name: str
    task: Task
    after: str | None = None


class Curriculum:
    """Levels in the order of reports.

    A level is passed when ``window`` groups were sampled there and at least ``threshold`` of the completions of the
    last ``window`` are correct. Levels stay open. ``floor`` is the least share of an open level, ``trickle`` that of
    each level that is still closed; where they leave nothing to divide, all get the same. Raises ConfigError on levels
    that cannot all be opened.
    """

    def __init__(
        self,
        levels: Sequence[Level],
        *,
        name: str = "curriculum",
        threshold: float = 0.5,
        window: int = 32,
        floor: float = 0.05,
        trickle: float = 0.0,
    ) -> None:
        _check(levels)
        if not (0 <= threshold <= 1 and 0 <= floor <= 1 and 0 <= trickle <= 1 and window >= 1):
            raise ConfigError("the curriculum's options do not fit", "choose shares in 0..1, and a window from 1 up")
        self.levels = tuple(levels)
        self.threshold = threshold
        self.floor = floor
        self.trickle = trickle
        self._name = name
        self._tasks = {level.name: level.task for level in levels}
        self._open = {level.name for level in levels if level.after is None}
        self._seen: dict[str, deque[tuple[int, int]]] = {level.name: deque(maxlen=window) for level in levels}

    @property
    def name(self) -> str:
        return self._name

    @property
    def open(self) -> list[str]:
        """The open levels, in order."""
        return [level.name for level in self.levels if level.name in self._open]

    def pass_rate(self, level: str) -> float | None:
        """The share of correct answers in the window; None where nothing was sampled."""
        seen = self._seen[level]
        return sum(right for right, _ in seen) / sum(size for _, size in seen) if seen else None

    def mixed_group_probability(self, level: str) -> float:
        """The probability that a group of this level is neither all right nor all wrong, by Laplace's rule: one half
        where nothing was sampled.
        """
        seen = self._seen[level]
        return (sum(0 < right < size for right, size in seen) + 1) / (len(seen) + 2)

    def shares(self) -> dict[str, float]:
        """How the next problems are divided among levels, closed ones where there is a trickle; they sum to 1."""
        names = [level.name for level in self.levels if level.name in self._open or self.trickle]
        weights = {name: self.mixed_group_probability(name) for name in self.open}
        least = {name: min(self.floor if name in weights else self.trickle, 1 / len(names)) for name in names}
        left, total = 1 - sum(least.values()), sum(weights.values())
        return {name: least[name] + left * weights.get(name, 0.0) / total for name in names}

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(
            self._draw_training_items(seed) if split == "train" else self._interleave_held_out(split, seed), limit
        )

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._tasks[item.metadata[LEVEL]].verify(item, completion)

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self._tasks[item.metadata[LEVEL]].verify_lenient(item, completion)

    def describe(self, groups: Sequence[GradedGroup]) -> dict[str, Any]:
        """The metrics of the levels' tasks, each by level: ``{metric: {level: value}}``."""
        by_level: dict[str, list[GradedGroup]] = {}
        for group in groups:
            by_level.setdefault(group.item.metadata[LEVEL], []).append(group)
        metrics: dict[str, dict[str, Any]] = {}
        for level, members in by_level.items():
            task = self._tasks[level]
            for name, value in (task.describe(members) if isinstance(task, DescribesGroups) else {}).items():
                metrics.setdefault(name, {})[level] = value
        return metrics

    def observe(self, groups: Iterable[GradedGroup]) -> dict[str, Any]:
        """``levels``: of every level in the draw its ``share``, ``pass@1`` in this step (None: not drawn), ``recent``,
        that of the window, and ``undecided``, the probability of a mixed group. ``open``: the open levels of the next
        step.
        """
        shares = self.shares()
        counts = {name: [0, 0] for name in shares}
        for group in groups:
            name, right, size = group.item.metadata[LEVEL], group.correct, len(group.members)
            self._seen[name].append((right, size))
            counts[name][0] += right
            counts[name][1] += size
        levels = {
            name: {
                "share": shares[name],
                "pass@1": right / size if size else None,
                "recent": self.pass_rate(name),
                "undecided": self.mixed_group_probability(name),
            }
            for name, (right, size) in counts.items()
        }
        self._open |= {
            level.name for level in self.levels if level.after in self._open and self._is_passed(level.after)
        }
        return {"levels": levels, "open": self.open}

    def state(self) -> dict[str, Any]:
        return {"open": self.open, "seen": {name: [list(one) for one in seen] for name, seen in self._seen.items()}}

    def load(self, state: Mapping[str, Any]) -> None:
        self._open = set(state["open"])
        for name, seen in self._seen.items():
            seen.clear()
            seen.extend((right, size) for right, size in state["seen"][name])

    def _is_passed(self, name: str) -> bool:
        seen, solved = self._seen[name], self.pass_rate(name)
        return len(seen) == seen.maxlen and solved is not None and solved >= self.threshold

    def _draw_training_items(self, seed: int) -> Iterator[Item]:
        """Without end. A level whose problems run out starts again, in another order."""
        rng = random.Random(f"{self.name}/{seed}")
        shares = self.shares()
        streams = {name: _endless(self._tasks[name], seed) for name in shares}
        while True:
            (name,) = rng.choices(list(shares), list(shares.values()))
            yield _with_level(next(streams[name]), name)

    def _interleave_held_out(self, split: Split, seed: int) -> Iterator[Item]:
        """One problem of each level in turn; a level that has no more is skipped."""
        streams = {name: task.items(split, seed=seed) for name, task in self._tasks.items()}
        while streams:
            for name in list(streams):
                item = next(streams[name], None)
                if item is None:
                    del streams[name]
                else:
                    yield _with_level(item, name)


def _endless(task: Task, seed: int) -> Iterator[Item]:
    for turn in count():
        yield from task.items("train", seed=seed + turn * 1_000_003)


def _with_level(item: Item, level: str) -> Item:
    return replace(item, id=f"{level}/{item.id}", metadata={**item.metadata, LEVEL: level})


def _check(levels: Sequence[Level]) -> None:
    before: set[str | None] = {None}
    for level in levels:
        if level.name in before:
            raise ConfigError(f"two levels are called {level.name!r}", "rename one")
        if level.after not in before:
            raise ConfigError(f"level {level.name!r} opens after {level.after!r}", "name a level listed before it")
        before.add(level.name)
    if not levels:
        raise ConfigError("a curriculum without levels has no problems", "name at least one")
