"""The problems of the Countdown recipes, asked in a handful of tokens, as a user would type them:

    25 from 3 5 9 14          9 - 3 = 6, 14 + 5 = 19, 19 + 6 = 25
    = 7 + 4 * 3 - 2           17
    gcd 84 36                 12
    7 * x + 13 = 48           5

The answer follows the thinking. In the speedrun it is an expression, ``( 9 - 3 ) + 5``; in the curriculum it is steps,
because a search over four numbers can copy its own lines into them. The curriculum's problems never lead beyond two
digits: a solver could not write its way through them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import islice, pairwise
from typing import Any

from fathom.recipes.countdown.arithmetic import LARGEST, OPERATORS, is_computable, reachable
from fathom.recipes.countdown.trace_metrics import score_arithmetic, trace_statistics
from fathom.tasks.arithmetic import Arithmetic
from fathom.tasks.countdown import Countdown
from fathom.tasks.reasoning_gym import ReasoningGym
from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.splits import generate_split, split_of
from fathom.tasks.task import GradedGroup, Item, Split, Verdict
from fathom.tasks.verifiers.countdown import Notation, Rules
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.types import Message

FORMAT = AnswerFormat(form="plain", opened=True)
VALIDATION, TEST = 0.05, 0.1

QUESTION = "question"
"""The key of `Item.metadata` that holds what is asked."""


class ShortCountdown:
    """Countdown with ``count`` numbers to ``largest`` and targets to ``highest``, by sums, differences and products.

    The target comes first in the question: where no space precedes it, it is a token of its own kind. With the answer
    ``written`` in steps only problems are posed that can be solved within two digits.
    """

    def __init__(self, count: int, largest: int, highest: int, written: Notation = "steps") -> None:
        self.name = f"combine-{count}-{largest}" if written == "steps" else f"zero-countdown-{count}"
        self._written = written
        self._game = Countdown(
            count=count,
            largest=largest,
            target_range=(1, min(highest, LARGEST)),
            rules=Rules(operators=OPERATORS),
            written=written,
            style="bare",
            answer_format=FORMAT,
            validation=VALIDATION,
            test=TEST,
        )

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        items = self._game.items(split, seed=seed)
        if self._written == "steps":
            items = (item for item in items if item.answer in reachable(item.metadata["numbers"]))
        for item in islice(items, limit):
            yield _with_question(item, f"{item.answer} from {' '.join(map(str, item.metadata['numbers']))}")

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._game.verify(item, completion)

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self._game.verify_lenient(item, completion)

    def describe(self, groups: Sequence[GradedGroup]) -> dict[str, Any]:
        if self._written == "steps":
            return _describe_work(groups)
        return {"traces": asdict(trace_statistics(groups))}


class ShortArithmetic:
    """A sum, difference or product of ``length`` operations on numbers to ``largest``, products first."""

    def __init__(self, length: int, largest: int = 12) -> None:
        self.name = f"chain-{length}"
        self._task = Arithmetic(
            length=length, largest=largest, style="bare", answer_format=FORMAT, validation=VALIDATION, test=TEST
        )

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        possible = (i for i in self._task.items(split, seed=seed) if is_computable(i.metadata["expression"].split()))
        return (_with_question(item, f"= {item.metadata['expression']}") for item in islice(possible, limit))

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._task.verify(item, completion)

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self._task.verify_lenient(item, completion)

    def describe(self, groups: Sequence[GradedGroup]) -> dict[str, Any]:
        return _describe_work(groups)


class ShortGym:
    """A task of reasoning-gym in few words. ``shorten`` makes a short question of the original one; None rejects it.

    The short question decides the split: one equation is in one split, whatever its unknown was called. The verifier of
    reasoning-gym grades.
    """

    def __init__(self, name: str, gym: ReasoningGym, shorten: Callable[[str], str | None]) -> None:
        self.name = name
        self._gym = gym
        self._shorten = shorten

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        streams: dict[Split, int] = {"train": 0, "validation": 1, "test": 2}
        originals = self._gym.items("train", seed=3 * seed + streams[split])
        return islice(generate_split(lambda: self._draw(split, next(originals)), split, self.name), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._gym.verify(item, completion)

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self._gym.verify_lenient(item, completion)

    def describe(self, groups: Sequence[GradedGroup]) -> dict[str, Any]:
        return _describe_work(groups)

    def _draw(self, split: Split, item: Item) -> Item | None:
        assert isinstance(item.prompt, str)
        text = self._shorten(item.prompt)
        if text is None or split_of(f"{self.name}:{text}", validation=VALIDATION, test=TEST) != split:
            return None
        return replace(_with_question(item, text), id=f"{self.name}/{text.replace(' ', '')}")


def gym(dataset: str, **options: object) -> ReasoningGym:
    """All of a data set, undivided. Raises MissingPackageError where reasoning-gym is not installed."""
    return ReasoningGym(
        dataset, options, style="bare", answer_format=FORMAT, validation=0, test=0, worker=_reasoning_gym()
    )


@cache
def _reasoning_gym() -> Worker:
    """One process for all data sets: it takes seconds to start and much memory."""
    return Worker("fathom.tasks.sandbox.worker.reasoning_gym", "reasoning_gym")


def shorten_gcd(text: str) -> str | None:
    """A greatest common divisor; None where the numbers do not fall, or one of them is trivial."""
    numbers = [int(number) for number in re.findall(r"\d+", text.partition(": ")[2])]
    falling = all(a > b for a, b in pairwise([LARGEST + 1, *numbers, 1]))
    return f"gcd {' '.join(map(str, numbers))}" if falling else None


def shorten_equation(text: str) -> str | None:
    """An equation with one unknown, which becomes x. None where a step would leave 0..`LARGEST`."""
    short = re.sub(r"\b[a-z]\b", "x", text.rpartition(": ")[2].partition("<")[0]).replace("*", " * ")
    parts = parse_equation(short)
    return short if parts is not None and all(0 <= value <= LARGEST for value in parts) else None


_EQUATION = re.compile(r"(?:(\d+) \* )?x ([+-]) (\d+) = (\d+)|(\d+) ([+-]) (?:(\d+) \* )?x = (\d+)")


def parse_equation(text: str) -> tuple[int, int, int, int] | None:
    """(a, b, c, d) with a · x = d, where d is c and b taken together; None for what is not of the form."""
    match = _EQUATION.fullmatch(text)
    if match is None:
        return None
    if match[3]:
        a, b, c = int(match[1] or 1), int(match[3]), int(match[4])
        return a, b, c, c - b if match[2] == "+" else c + b
    a, b, c = int(match[7] or 1), int(match[5]), int(match[8])
    return a, b, c, c - b if match[6] == "+" else b - c


def _with_question(item: Item, text: str) -> Item:
    return replace(item, prompt=(Message("user", text),), metadata={**item.metadata, QUESTION: text})


def _describe_work(groups: Sequence[GradedGroup]) -> dict[str, Any]:
    return {"work": asdict(score_arithmetic(groups))}
