"""The problems of the longer recipe: Countdown answered in steps, chained arithmetic, and two tasks of reasoning-gym.

All are asked in a handful of tokens, as a user would type them, and answered behind the thinking:

    25 from 3 5 9 14          9 - 3 = 6, 14 + 5 = 19, 19 + 6 = 25
    = 7 + 4 * 3 - 2           17
    gcd 84 36                 12
    7 * x + 13 = 48           5

Steps replace the speedrun's nested parentheses because a search over four numbers can copy its own lines into them.
Problems that lead beyond two digits are not posed: a solver could not write its way through them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice, pairwise

from fathom.recipes.countdown.steps import LARGEST, reachable
from fathom.recipes.countdown.traces import apply, question
from fathom.tasks.arithmetic import Arithmetic
from fathom.tasks.countdown import Countdown
from fathom.tasks.reasoning_gym import ReasoningGym
from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.splits import generate_split, split_of
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.countdown import Rules
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.types import Message

FORMAT = AnswerFormat(form="plain", opened=True)
VALIDATION, TEST = 0.05, 0.1

QUESTION = "question"
"""The key of `Item.metadata` that holds what is asked."""


class Combine:
    """Countdown with ``count`` numbers to ``largest`` and targets to ``highest``, by sums, differences and products."""

    def __init__(self, count: int, largest: int, highest: int) -> None:
        self.name = f"combine-{count}-{largest}"
        self._game = Countdown(
            count=count,
            largest=largest,
            target_range=(1, min(highest, LARGEST)),
            rules=Rules(operators="+-*"),
            written="steps",
            style="bare",
            answer_format=FORMAT,
            validation=VALIDATION,
            test=TEST,
        )

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        possible = (i for i in self._game.items(split, seed=seed) if i.answer in reachable(i.metadata["numbers"]))
        return (_as_question(item, question(item)) for item in islice(possible, limit))

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._game.verify(item, completion)

    def lenient(self, item: Item, completion: str) -> Verdict:
        return self._game.lenient(item, completion)


class Chain:
    """A sum, difference or product of ``length`` operations on numbers to ``largest``, products first."""

    def __init__(self, length: int, largest: int = 12) -> None:
        self.name = f"chain-{length}"
        self._task = Arithmetic(
            length=length, largest=largest, style="bare", answer_format=FORMAT, validation=VALIDATION, test=TEST
        )

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        possible = (i for i in self._task.items(split, seed=seed) if workable(i.metadata["expression"].split()))
        return (_as_question(item, f"= {item.metadata['expression']}") for item in islice(possible, limit))

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._task.verify(item, completion)

    def lenient(self, item: Item, completion: str) -> Verdict:
        return self._task.lenient(item, completion)


class Rephrased:
    """A task of reasoning-gym in few words. ``form`` makes the short question of theirs; None where there is none.

    The short question decides the split: one equation is in one split, whatever they call its unknown. Their verifier
    grades.
    """

    def __init__(self, name: str, gym: ReasoningGym, form: Callable[[str], str | None]) -> None:
        self.name = name
        self._gym = gym
        self._form = form

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        places: dict[Split, int] = {"train": 0, "validation": 1, "test": 2}
        theirs = self._gym.items("train", seed=3 * seed + places[split])
        return islice(generate_split(lambda: self._draw(split, next(theirs)), split, self.name), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._gym.verify(item, completion)

    def lenient(self, item: Item, completion: str) -> Verdict:
        return self._gym.lenient(item, completion)

    def _draw(self, split: Split, item: Item) -> Item | None:
        assert isinstance(item.prompt, str)
        text = self._form(item.prompt)
        if text is None or split_of(f"{self.name}:{text}", validation=VALIDATION, test=TEST) != split:
            return None
        return replace(_as_question(item, text), id=f"{self.name}/{text.replace(' ', '')}")


def gym(dataset: str, **options: object) -> ReasoningGym:
    """All of a data set, undivided. Raises MissingPackageError where reasoning-gym is not installed."""
    return ReasoningGym(
        dataset, options, style="bare", answer_format=FORMAT, validation=0, test=0, worker=_reasoning_gym()
    )


@cache
def _reasoning_gym() -> Worker:
    """One process for all of their data sets: it takes seconds to start and much memory."""
    return Worker("fathom.tasks.sandbox.worker.reasoning_gym", "reasoning_gym")


def divisor(text: str) -> str | None:
    """A form for greatest common divisors; None where the numbers do not fall, or one of them is trivial."""
    numbers = [int(number) for number in re.findall(r"\d+", text.partition(": ")[2])]
    falling = all(a > b for a, b in pairwise([LARGEST + 1, *numbers, 1]))
    return f"gcd {' '.join(map(str, numbers))}" if falling else None


def equation(text: str) -> str | None:
    """A form for an equation with one unknown, which becomes x. None where a step would leave 0..`LARGEST`."""
    short = re.sub(r"\b[a-z]\b", "x", text.rpartition(": ")[2].partition("<")[0]).replace("*", " * ")
    found = solve(short)
    return short if found is not None and all(0 <= value <= LARGEST for value in found) else None


_EQUATION = re.compile(r"(?:(\d+) \* )?x ([+-]) (\d+) = (\d+)|(\d+) ([+-]) (?:(\d+) \* )?x = (\d+)")


def solve(text: str) -> tuple[int, int, int, int] | None:
    """(a, b, c, d) with a · x = d, where d is c and b taken together; None for what is not of the form."""
    found = _EQUATION.fullmatch(text)
    if found is None:
        return None
    if found[3]:
        a, b, c = int(found[1] or 1), int(found[3]), int(found[4])
        return a, b, c, c - b if found[2] == "+" else c + b
    a, b, c = int(found[7] or 1), int(found[5]), int(found[8])
    return a, b, c, c - b if found[6] == "+" else b - c


def next_step(parts: list[str]) -> int:
    """Where the operator stands that comes first: products do, then what is on the left."""
    return parts.index("*") if "*" in parts else 1


def workable(parts: list[str]) -> bool:
    """Whether no result on the way leaves 0..`LARGEST`."""
    parts = list(parts)
    while len(parts) > 1:
        at = next_step(parts)
        a, b = int(parts[at - 1]), int(parts[at + 1])
        result = apply(parts[at], a, b)
        if result > LARGEST or (parts[at] == "-" and b > a):
            return False
        parts[at - 1 : at + 2] = [str(result)]
    return True


def _as_question(item: Item, text: str) -> Item:
    return replace(item, prompt=(Message("user", text),), metadata={**item.metadata, QUESTION: text})
