"""Imperfect searches through Countdown with three and four numbers, line by line.

With three numbers a line takes two of them together and tries the third on the result in every way, as in the
speedrun. With four a line first takes two together and says what is there now; lines of three follow until the solver
turns to another beginning:

     9 * 3 = 27: 5 14 27
     27 + 14 = 41, 5 + 46 - 36 * big
     14 + 5 = 19, 27 + 46 - 8 * big
     9 - 3 = 6: 5 14 6
     6 + 5 = 11, 14 + 25 !

`!` marks what the solver takes for a hit; the answer says its steps again. Who gives up answers with something of the
last line, so that every answer behind a search is a copy of what was found there: the first corpus guessed anew
instead, and its model learned to answer whatever it had found. So four numbers need no new lines but one,
and what has to be looked at stands close by. Searching all of them takes some hundred lines: unlike with three numbers,
patience alone does not solve the problem within the length that is allowed, and it pays to begin well.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from fathom.recipes.countdown.manner import SearchErrors
from fathom.recipes.countdown.steps import LARGEST, ArithmeticStep, calculation, number_text, steps
from fathom.recipes.countdown.traces import apply
from fathom.tasks.task import Item


@dataclass(frozen=True, slots=True)
class _Try:
    """A line of three numbers: the step as the solver computed it, what it found, and the operator of the hit."""

    step: ArithmeticStep
    result: int
    values: tuple[int, ...]
    hit: bool

    def __str__(self) -> str:
        (third,) = self.step.rest
        tried = "".join(f" {sign} {number_text(value)}" for sign, value in zip("+-*", self.values, strict=False))
        start = f" {self.step.first} {self.step.operator} {self.step.second} = {number_text(self.result)}, {third}"
        return f"{start}{tried}{' !' if self.hit else ''}\n"

    def answer(self) -> str:
        """The step, and the one of its values that came last."""
        (third,) = self.step.rest
        operator = "+-*"[len(self.values) - 1]
        return (
            f"{_calculation_text(self.step, self.result)}, {calculation(operator, self.result, third, self.values[-1])}"
        )


def search(item: Item, manner: SearchErrors, rng: random.Random) -> str:
    """One solver's attempt: what follows a prompt that ends inside the thinking."""
    numbers = item.metadata["numbers"]
    if rng.random() < manner.guess:
        return _finish([], _guess(numbers, rng))
    patience = rng.uniform(*manner.patience)
    lines: list[str] = []
    beginning = ""
    attempts = _three(numbers, item.answer, manner, rng) if len(numbers) == 3 else _four(item, manner, rng)
    for before, attempt in attempts:
        lines += [before, str(attempt)] if before != beginning else [str(attempt)]
        beginning = before
        if attempt.hit:
            return _finish(lines, _join_line(before, attempt))
        if rng.random() >= patience:
            break
    places = [place for place, value in enumerate(attempt.values, 1) if value <= LARGEST] or [1]
    claimed = _Try(attempt.step, attempt.result, attempt.values[: rng.choice(places)], hit=True)
    if rng.random() < manner.imagine:
        lines[-1] = str(claimed)
    return _finish(lines, _join_line(before, claimed))


def _three(
    numbers: tuple[int, ...], target: int, manner: SearchErrors, rng: random.Random, before: str = ""
) -> Iterator[tuple[str, _Try]]:
    """Every line for three numbers, in any order."""
    for step in _shuffle(steps(numbers), rng):
        yield before, _attempt(step, target, manner, rng)


def _four(item: Item, manner: SearchErrors, rng: random.Random) -> Iterator[tuple[str, _Try]]:
    """Beginnings in any order, each with some of its lines. The last one is followed to its end."""
    beginnings = _shuffle(steps(item.metadata["numbers"]), rng)
    for number, step in enumerate(beginnings, 1):
        result = min(manner.with_error(step.result, rng), LARGEST)
        now = (*step.rest, result)
        before = f" {_calculation_text(step, result)}: {' '.join(map(str, now))}\n"
        for line in _three(now, item.answer, manner, rng, before):
            yield line
            if number < len(beginnings) and rng.random() < manner.move:
                break


def _attempt(step: ArithmeticStep, target: int, manner: SearchErrors, rng: random.Random) -> _Try:
    (third,) = step.rest
    result = manner.with_error(step.result, rng)
    values: list[int] = []
    for operator in "+-*":
        values.append(manner.with_error(apply(operator, result, third), rng))
        if values[-1] == target and result <= LARGEST and rng.random() >= manner.overlook:
            return _Try(step, result, tuple(values), hit=True)
    return _Try(step, result, tuple(values), hit=False)


def _guess(numbers: tuple[int, ...], rng: random.Random) -> str:
    """Any steps, computed well, wherever they lead."""
    said: list[str] = []
    while len(numbers) > 1:
        step = rng.choice(steps(numbers))
        said.append(_calculation_text(step, step.result))
        numbers = (*step.rest, step.result)
    return ", ".join(said)


def _join_line(before: str, attempt: _Try) -> str:
    beginning = before.partition(":")[0].strip()
    return f"{beginning}, {attempt.answer()}" if beginning else attempt.answer()


def _calculation_text(step: ArithmeticStep, result: int) -> str:
    return calculation(step.operator, step.first, step.second, result)


def _finish(lines: list[str], answer: str) -> str:
    return f"{''.join(lines)}</think> {answer}"


def _shuffle(found: list[ArithmeticStep], rng: random.Random) -> list[ArithmeticStep]:
    rng.shuffle(found)
    return found
