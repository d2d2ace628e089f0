"""The nouns of a task: an item to ask, a verdict on an answer, and the protocol that joins them.

A reward that can be had without solving the problem will be: reinforcement learning finds every hole in a verifier. So
`Task.verify`, the one to train on, is strict: the answer stands where the prompt asked for it, once, and nothing is
searched for it. `Task.lenient` is the generous reading that papers often report: it looks for an answer anywhere. The
two side by side say how much of a score is skill and how much is format. Both are total: a text from a model is never
an error of the program, so neither raises, and neither runs for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from fathom.types import Message

Split = Literal["train", "validation", "test"]
"""Learn from the first, choose with the second, report the third. No problem is in two of them."""

LEVEL = "level"
"""The key of `Item.metadata` that names the difficulty level of an item."""


@dataclass(frozen=True, slots=True)
class Item:
    """One problem. ``id`` is made from its content, so that the same problem has the same id in every run.

    ``prompt`` is a text to complete (base models) or messages for a chat template. ``answer`` is what the verifier
    compares with; ``metadata`` holds what a report or a generator of traces wants to know (numbers, level, source).
    """

    id: str
    prompt: str | tuple[Message, ...]
    answer: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier found. ``detail`` says in a few words why, for people who read rollouts.

    ``reward`` lies in 0..1 and is what training maximizes; ``correct`` is what evaluation counts. They differ where a
    task pays for the format, or pays a part for a nearly right answer.
    """

    reward: float
    correct: bool
    well_formed: bool
    detail: str = ""


@runtime_checkable
class Task(Protocol):
    """Problems with a verifier. It may have metrics of its own: see `DescribesGroups`."""

    @property
    def name(self) -> str:
        """The name that reports use; it tells apart what differs in difficulty."""

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        """Problems of one split, in an order that ``seed`` alone decides; at most ``limit``.

        Membership of a split does not depend on the seed. Validation and test never repeat a problem and end when they
        have no more; a procedural training split is endless, one read from a file passes once.
        """

    def verify(self, item: Item, completion: str) -> Verdict:
        """Grade strictly. ``completion`` is everything the model wrote after the prompt, thinking included."""

    def lenient(self, item: Item, completion: str) -> Verdict:
        """Grade generously: an answer counts wherever it stands. For reports, not for training."""


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
