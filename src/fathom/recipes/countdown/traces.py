"""A corpus of people solving Countdown, none of them well: what the laptop's base model is pretrained on.

DeepSeek-V3-Base had read mathematics on the web: good solutions, wrong ones, guesses, people who gave up. Reinforcement
learning found the good habits in it and kept them. This corpus plants such a mixture in miniature. A solver thinks in
lines; each takes two of the three numbers together, and then tries the third on the result in every way:

     9 - 5 = 4, 3 + 7 - 1 * 12
     9 + 3 = 12, 5 + 17 - 7 * 60 !

`!` marks what the solver takes for a hit; the answer follows. Solvers guess without thinking, lose patience, slip in
arithmetic, overlook hits, imagine some. How often, `SolverErrors` says. Because the lines try everything, patience
alone solves every problem: that is what reinforcement learning may find, and the corpus shows it too seldom for the
model to have it already. Nothing else is hidden in the corpus, and a report on the result should say so.

Problems come from the training split of `ZeroCountdown`, so no held-out multiset of numbers occurs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fathom.tasks.countdown import Countdown
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.countdown import Rules
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.types import Message

LARGEST = 72
"""Numbers beyond it are written `big`: no target of up to 60 is reached through one, with numbers of up to 12."""

Kind = Literal["guess", "hit", "imagined", "gave up"]


class SolverErrors(BaseModel):
    """How often solvers do what they should not. All are chances.

    ``guess``: answer at once. ``patience``: each solver's own chance to go on after a line without a hit lies between
    these two. ``slip``: a result is wrong, each. ``overlook``: a hit is not seen. ``imagine``: who gives up claims a
    hit that is none, rather than guess.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    guess: float = Field(default=0.2, ge=0, le=1)
    patience: tuple[float, float] = (0.5, 0.8)
    slip: float = Field(default=0.02, ge=0, le=1)
    overlook: float = Field(default=0.03, ge=0, le=1)
    imagine: float = Field(default=0.3, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class SolverTrace:
    """``completion`` follows a prompt that ends inside the thinking. ``lines`` counts what was tried."""

    item: Item
    completion: str
    kind: Kind
    lines: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two of the numbers taken together, the larger first, and the one that is left."""

    first: int
    operator: str
    second: int
    rest: int

    def __str__(self) -> str:
        return f"( {self.first} {self.operator} {self.second} )"

    def answer(self, operator: str) -> str:
        """The expression that tries ``rest`` on the result; a difference puts the larger first."""
        if operator == "-" and self.rest > self.result:
            return f"{self.rest} - {self}"
        return f"{self} {operator} {self.rest}"

    @property
    def result(self) -> int:
        return apply(self.operator, self.first, self.second)


@dataclass(frozen=True, slots=True)
class ZeroCountdown:
    """Three numbers to 12, targets to 60, without division: problems that a model of a million parameters can learn.

    Asked as a user types them, ``24 from 3 5 9``: the target comes first, where no space precedes it, so that it is a
    token of its own kind. The answer is what follows the thinking.
    """

    game: Countdown = field(
        default_factory=lambda: Countdown(
            rules=Rules(operators="+-*"), style="bare", answer_format=AnswerFormat(form="plain", opened=True)
        )
    )

    @property
    def name(self) -> str:
        return "zero-countdown-3"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        for item in self.game.items(split, seed=seed, limit=limit):
            yield replace(item, prompt=(Message("user", question(item)),))

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.game.verify(item, completion)

    def lenient(self, item: Item, completion: str) -> Verdict:
        return self.game.lenient(item, completion)


def question(item: Item) -> str:
    """What a user types."""
    return f"{item.answer} from {' '.join(map(str, item.metadata['numbers']))}"


def apply(operator: str, a: int, b: int) -> int:
    """Differences are absolute: a solver puts the larger number first."""
    return {"+": a + b, "-": abs(a - b), "*": a * b}[operator]


def traces(habits: SolverErrors, *, seed: int = 0) -> Iterator[SolverTrace]:
    """Without end; the same seed gives the same traces."""
    rng = random.Random(f"traces/{seed}")
    for item in ZeroCountdown().items("train", seed=seed):
        yield solve(item, habits, rng)


def solve(item: Item, habits: SolverErrors, rng: random.Random) -> SolverTrace:
    """One solver's attempt."""
    pairs = _pairs(item.metadata["numbers"])
    if rng.random() < habits.guess:
        return _finish(item, [], _guess(pairs, rng), "guess")
    rng.shuffle(pairs)
    patience = rng.uniform(*habits.patience)
    lines: list[str] = []
    for pair in pairs:
        line, hit = _line(pair, item.answer, habits, rng)
        lines.append(line)
        if hit is not None:
            return _finish(item, lines, pair.answer(hit), "hit")
        if rng.random() >= patience:
            break
    if rng.random() < habits.imagine:
        return _imagine(item, lines, pair, rng)
    return _finish(item, lines, _guess(pairs, rng), "gave up")


def _pairs(numbers: tuple[int, ...]) -> list[_Pair]:
    """Every way to begin, each once, but for those whose result is too big to lead anywhere."""
    found: dict[_Pair, None] = {}
    for left in range(3):
        first, second = sorted((number for at, number in enumerate(numbers) if at != left), reverse=True)
        for operator in "+-*":
            pair = _Pair(first, operator, second, numbers[left])
            if pair.result <= LARGEST:
                found[pair] = None
    return list(found)


def _line(pair: _Pair, target: int, habits: SolverErrors, rng: random.Random) -> tuple[str, str | None]:
    """What a solver writes about a pair, and the operator of the hit it sees."""
    result = _with_error(pair.result, habits, rng)
    line = f" {pair.first} {pair.operator} {pair.second} = {_number_text(result)}, {pair.rest}"
    for operator in "+-*":
        value = _with_error(apply(operator, result, pair.rest), habits, rng)
        line += f" {operator} {_number_text(value)}"
        if value == target and rng.random() >= habits.overlook:
            return line + " !\n", operator
    return line + "\n", None


def _imagine(item: Item, lines: list[str], pair: _Pair, rng: random.Random) -> SolverTrace:
    """The last line once more, cut at a value that is declared a hit."""
    words = lines[-1].split(" ")  # "", a, op, b, "=", "r,", c, "+", v, "-", v, "*", "v\n"
    place = rng.randrange(3)
    lines[-1] = " ".join(words[: 9 + 2 * place]).rstrip("\n") + " !\n"
    return _finish(item, lines, pair.answer("+-*"[place]), "imagined")


def _guess(pairs: list[_Pair], rng: random.Random) -> str:
    return rng.choice(pairs).answer(rng.choice("+-*"))


def _with_error(value: int, habits: SolverErrors, rng: random.Random) -> int:
    return max(0, value + rng.choice((-10, -2, -1, 1, 2, 10))) if rng.random() < habits.slip else value


def _number_text(value: int) -> str:
    return str(value) if value <= LARGEST else "big"


def _finish(item: Item, lines: list[str], answer: str, kind: Kind) -> SolverTrace:
    return SolverTrace(item, f"{''.join(lines)}</think> {answer}", kind, len(lines))
