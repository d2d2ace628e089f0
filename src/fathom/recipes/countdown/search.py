"""Imperfect searches through Countdown, line by line.

With three numbers a line takes two of them together and tries the third on the result in every way. With four a line
first takes two together and says what numbers there are now; lines of three follow until the solver turns to another
first step:

     9 * 3 = 27: 5 14 27
     27 + 14 = 41, 5 + 46 - 36 * big
     14 + 5 = 19, 27 + 46 - 8 * big
     9 - 3 = 6: 5 14 6
     6 + 5 = 11, 14 + 25 !

`!` marks what the solver takes for a hit; the answer repeats it. Solvers guess without thinking, lose patience, make
mistakes in arithmetic, overlook hits and imagine some (`ErrorRates`). With three numbers the lines try everything, so
patience alone solves every problem: that is what reinforcement learning may find, and the corpus shows it too seldom
for the model to have it already. All lines of four numbers are some hundred, more than the limit of an answer allows,
so it pays to begin well.

The two recipes differ in the answer and in what a solver does that gives up. In the speedrun the answer is an
expression, guessed anew. In the curriculum it is steps, taken from the last line, so that every answer after a search
is a copy of something in it: a corpus that guessed anew taught its model to answer whatever it had found.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fathom.recipes.countdown.arithmetic import (
    CURRICULUM,
    OPERATORS,
    SPEEDRUN,
    ArithmeticStep,
    Notation,
    apply,
    calculation,
    steps,
)
from fathom.recipes.countdown.errors import ErrorRates
from fathom.tasks.task import Item


@dataclass(frozen=True, slots=True)
class Attempt:
    """A line of three numbers: the step with the ``result`` that the solver got, the ``values`` of trying the third
    number on it, and whether the last of them is taken for a hit.
    """

    step: ArithmeticStep
    result: int
    values: tuple[int, ...]
    hit: bool
    notation: Notation

    def __str__(self) -> str:
        (third,) = self.step.rest
        text = self.notation.text
        tried = "".join(f" {sign} {text(value)}" for sign, value in zip(OPERATORS, self.values, strict=False))
        start = f" {self.step.first} {self.step.operator} {self.step.second} = {text(self.result)}, {third}"
        return f"{start}{tried}{' !' if self.hit else ''}\n"

    def claim(self, count: int) -> Attempt:
        """The same line, ended after ``count`` values, the last of which is declared a hit."""
        return replace(self, values=self.values[:count], hit=True)

    def expression(self) -> str:
        """The answer as an expression."""
        return expression(self.step, OPERATORS[len(self.values) - 1])

    def calculations(self) -> str:
        """The answer as steps, with the results that the solver got."""
        (third,) = self.step.rest
        operator = OPERATORS[len(self.values) - 1]
        return f"{_calculation(self.step, self.result)}, {calculation(operator, self.result, third, self.values[-1])}"


def search_expression(item: Item, rates: ErrorRates, rng: random.Random) -> str:
    """An attempt at three numbers as in the speedrun: what follows a prompt that ends inside the thinking."""
    possible = steps(item.metadata["numbers"], SPEEDRUN.largest, from_last=True)
    if rng.random() < rates.guess:
        return _finish([], _guess_expression(possible, rng))
    rng.shuffle(possible)
    patience = rng.uniform(*rates.patience)
    lines: list[str] = []
    for step in possible:
        attempt = _attempt(step, item.answer, rates, rng, SPEEDRUN)
        lines.append(str(attempt))
        if attempt.hit:
            return _finish(lines, attempt.expression())
        if rng.random() >= patience:
            break
    if rng.random() < rates.imagine:
        claimed = attempt.claim(rng.randrange(3) + 1)
        return _finish([*lines[:-1], str(claimed)], claimed.expression())
    return _finish(lines, _guess_expression(possible, rng))


def search_steps(item: Item, rates: ErrorRates, rng: random.Random) -> str:
    """An attempt at three or four numbers as in the curriculum: what follows a prompt that ends inside the thinking."""
    numbers = item.metadata["numbers"]
    if rng.random() < rates.guess:
        return _finish([], _guess_steps(numbers, rng))
    patience = rng.uniform(*rates.patience)
    lines: list[str] = []
    beginning = ""
    attempts = _three(numbers, item.answer, rates, rng) if len(numbers) == 3 else _four(item, rates, rng)
    for before, attempt in attempts:
        lines += [before, str(attempt)] if before != beginning else [str(attempt)]
        beginning = before
        if attempt.hit:
            return _finish(lines, _join(before, attempt))
        if rng.random() >= patience:
            break
    writable = [count for count, value in enumerate(attempt.values, 1) if value <= CURRICULUM.largest] or [1]
    claimed = attempt.claim(rng.choice(writable))
    if rng.random() < rates.imagine:
        lines[-1] = str(claimed)
    return _finish(lines, _join(before, claimed))


def expression(step: ArithmeticStep, operator: str) -> str:
    """The expression that tries the third number on a step; a difference puts the larger first."""
    (third,) = step.rest
    inner = f"( {step.first} {step.operator} {step.second} )"
    if operator == "-" and third > step.result:
        return f"{third} - {inner}"
    return f"{inner} {operator} {third}"


def _three(
    numbers: tuple[int, ...], target: int, rates: ErrorRates, rng: random.Random, before: str = ""
) -> Iterator[tuple[str, Attempt]]:
    """Every line of three numbers, in any order, each with the line ``before`` it."""
    for step in _shuffle(steps(numbers), rng):
        yield before, _attempt(step, target, rates, rng, CURRICULUM)


def _four(item: Item, rates: ErrorRates, rng: random.Random) -> Iterator[tuple[str, Attempt]]:
    """First steps in any order, each with some of its lines; the last one with all of them."""
    beginnings = _shuffle(steps(item.metadata["numbers"]), rng)
    for number, step in enumerate(beginnings, 1):
        result = min(rates.compute(step.result, CURRICULUM, rng), CURRICULUM.largest)
        now = (*step.rest, result)
        before = f" {_calculation(step, result)}: {' '.join(map(str, now))}\n"
        for line in _three(now, item.answer, rates, rng, before):
            yield line
            if number < len(beginnings) and rng.random() < rates.move:
                break


def _attempt(step: ArithmeticStep, target: int, rates: ErrorRates, rng: random.Random, notation: Notation) -> Attempt:
    """The values up to the first that the solver takes for a hit; with a limit nothing is hit from beyond it."""
    (third,) = step.rest
    result = rates.compute(step.result, notation, rng)
    usable = notation.limit is None or result < notation.limit
    values: list[int] = []
    for operator in OPERATORS:
        values.append(rates.compute(apply(operator, result, third), notation, rng))
        if values[-1] == target and usable and rng.random() >= rates.overlook:
            return Attempt(step, result, tuple(values), True, notation)
    return Attempt(step, result, tuple(values), False, notation)


def _guess_expression(possible: list[ArithmeticStep], rng: random.Random) -> str:
    return expression(rng.choice(possible), rng.choice(OPERATORS))


def _guess_steps(numbers: tuple[int, ...], rng: random.Random) -> str:
    """Any steps, computed without errors, wherever they lead."""
    answer: list[str] = []
    while len(numbers) > 1:
        step = rng.choice(steps(numbers))
        answer.append(_calculation(step, step.result))
        numbers = (*step.rest, step.result)
    return ", ".join(answer)


def _join(before: str, attempt: Attempt) -> str:
    beginning = before.partition(":")[0].strip()
    return f"{beginning}, {attempt.calculations()}" if beginning else attempt.calculations()


def _calculation(step: ArithmeticStep, result: int) -> str:
    return calculation(step.operator, step.first, step.second, result)


def _finish(lines: list[str], answer: str) -> str:
    return f"{''.join(lines)}</think> {answer}"


def _shuffle(possible: list[ArithmeticStep], rng: random.Random) -> list[ArithmeticStep]:
    rng.shuffle(possible)
    return possible
