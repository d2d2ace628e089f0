"""Chained arithmetic: ``17 + 4 * 3 - 2``, with the difficulty set by ``length``.

Unlike Countdown it needs no search, only computation without an error, so it measures whether a model computes better
with intermediate results written down. Products have two factors at most, which keeps the numbers in proportion to the
length.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from fathom.base.errors import ConfigError
from fathom.tasks.expression import evaluate
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.splits import check_shares, generate_split, split_of
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.tasks.verifiers.number import check_last_number, check_number

MAX_OPERATIONS = 100
"""Most operations of a chain, within the length that `evaluate` accepts."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``length`` operations of ``operators`` (some of ``+-*``) on numbers of 1..``largest``; usual precedence."""

    length: int = 3
    largest: int = 20
    operators: str = "+-*"
    style: Style = "base"
    answer_format: AnswerFormat = field(default_factory=AnswerFormat)
    validation: float = 0.05
    test: float = 0.1

    def __post_init__(self) -> None:
        check_shares(self.validation, self.test)
        if not 1 <= self.length <= MAX_OPERATIONS:
            raise ConfigError(f"a chain of {self.length} operations is not offered", f"choose 1 to {MAX_OPERATIONS}")
        if not 1 <= self.largest <= 99_999:
            raise ConfigError(f"numbers up to {self.largest} are not offered", "choose 1 to 99999")
        if not self.operators or set(self.operators) - set("+-*") or self.operators == "*":
            raise ConfigError(f"operators {self.operators!r} make no chain", "choose some of '+-*', not '*' alone")

    @property
    def name(self) -> str:
        return f"arithmetic-{self.length}"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        rng = random.Random(f"{self.name}/{split}/{seed}")
        return islice(generate_split(lambda: self._draw(split, rng), split, self.name), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify(completion, lambda answer: check_number(answer, item.answer))

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify_lenient(completion, lambda answer: check_last_number(answer, item.answer))

    def _draw(self, split: Split, rng: random.Random) -> Item | None:
        chain = self._chain(rng)
        if split_of(f"arithmetic:{chain}", validation=self.validation, test=self.test) != split:
            return None
        question = f"{chain} = " if self.style == "bare" else f"What is {chain}?"
        return Item(
            id=f"{self.name}/{chain.replace(' ', '')}",
            prompt=format_prompt(question, self.style, opened=self.answer_format.opened),
            answer=int(evaluate(chain).value),
            metadata={"expression": chain},
        )

    def _chain(self, rng: random.Random) -> str:
        """A product is followed by a sum or a difference, never by another product."""
        others = self.operators.replace("*", "")
        parts = [str(rng.randint(1, self.largest))]
        operator = ""
        for _ in range(self.length):
            operator = rng.choice(others if operator == "*" else self.operators)
            parts += [operator, str(rng.randint(1, self.largest))]
        return " ".join(parts)
