"""The interface of a task: items to ask, verdicts on completions.

Reinforcement learning exploits every reward that can be had without solving the problem. So `Task.verify`, used in
training, is strict: the answer must be where the prompt asked for it, exactly once. `Task.verify_lenient`, which papers
often report, accepts an answer anywhere. The difference of the two is the share of a score that is lost to format. Both
are total: no text of a model makes them raise, or run without end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Literal, Protocol, runtime_checkable

from fathom.base.errors import FathomError
from fathom.types import Message

Split = Literal["train", "validation", "test"]
"""Train on the first, select with the second, report the third. No problem is in two of them."""

Check = Callable[[str], str]
"""Takes an answer and returns what is wrong with it, or `CORRECT`. Never raises."""

CORRECT = ""

LEVEL = "level"
"""The key of `Item.metadata` that names the difficulty level of an item."""


@dataclass(frozen=True, slots=True)
class Item:
    """One problem. ``id`` is derived from its content, so that the same problem has the same id in every run.

    ``prompt`` is a text to complete (base models) or messages for a chat template. ``answer`` is the expected answer;
    ``metadata`` is for reports and generators of traces (numbers, level …).
    """

    id: str
    prompt: str | tuple[Message, ...]
    answer: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verifier. ``detail`` is the reason in a few words, for reading rollouts.

    ``reward`` is in 0..1 and is maximized in training; ``correct`` is counted in evaluation. They differ if a task
    rewards the format, or a nearly correct answer in part.
    """

    reward: float
    correct: bool
    well_formed: bool
    detail: str = ""


@runtime_checkable
class Task(Protocol):
    """A set of problems with a verifier. It may have metrics of its own: see `DescribesGroups`."""

    @property
    def name(self) -> str:
        """The name in reports, different for variants of different difficulty."""

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        """Problems of one split, at most ``limit``, in an order determined by ``seed`` alone.

        The members of a split do not depend on the seed. Validation and test never repeat a problem, and end; a
        procedural training split is endless, one from a file is passed once.
        """

    def verify(self, item: Item, completion: str) -> Verdict:
        """Grade strictly. ``completion`` is all text after the prompt, thinking included."""

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        """Grade an answer anywhere in the completion. For reports, not for training."""


class VerdictError(FathomError):
    """A task's ``verify`` raised, or returned what is no verdict."""


def grade_strictly(task: Task, item: Item, completion: str) -> Verdict:
    """The verdict of ``task.verify``. Raises VerdictError, with task, item and completion, if there is none."""
    return _grade(task, "verify", item, completion)


def grade_leniently(task: Task, item: Item, completion: str) -> Verdict:
    """The verdict of ``task.verify_lenient``. Raises VerdictError, with task, item and completion, if there is none."""
    return _grade(task, "verify_lenient", item, completion)


def _grade(task: Task, method: str, item: Item, completion: str) -> Verdict:
    place = f"{method} of the task {getattr(task, 'name', type(task).__name__)!r}"
    what = f"for item {item.id!r} and the completion {_excerpt(completion)}"
    try:
        verdict = getattr(task, method)(item, completion)
    except FathomError:
        raise
    except Exception as error:
        raise VerdictError(
            f"{place} raised {type(error).__name__}: {error} {what}", "correct it: a verifier must grade any text"
        ) from error
    if not isinstance(verdict, Verdict):
        raise VerdictError(f"{place} returned {verdict!r} {what}", "return Verdict(reward, correct, well_formed)")
    if not isinstance(verdict.reward, Real) or not math.isfinite(verdict.reward):
        raise VerdictError(f"{place} gave the reward {verdict.reward!r} {what}", "give a number from 0 to 1")
    return verdict


def _excerpt(text: str) -> str:
    return repr(text) if len(text) <= 200 else f"{text[:100]!r} … {text[-100:]!r}"


class CompletionText(Protocol):
    """A completion as text."""

    @property
    def text(self) -> str: ...


class GradedGroup(Protocol):
    """The graded completions of one problem: `fathom.evals.grading.Group` is one."""

    @property
    def item(self) -> Item: ...

    @property
    def members(self) -> Sequence[CompletionText]: ...

    @property
    def correct(self) -> int: ...


@runtime_checkable
class DescribesGroups(Protocol):
    """A task with metrics of its own."""

    def describe(self, groups: Sequence[GradedGroup]) -> dict[str, Any]:
        """Metrics of at least one group, beside those that every task has; measurements log them."""
