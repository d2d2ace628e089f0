"""Countdown: combine a few numbers into a target. The task on which small models learn to search.

It suits a first R1-Zero because checking is exact, guessing rarely succeeds, and there are enough problems to hold many
out. Multisets of numbers are held out, not problems: a model trained on ``3 5 7 → 56`` would know half the answer to
``3 5 7 → 22``. Targets are uniform over all reachable values, so those that few expressions reach are as likely as
others.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import comb

from fathom.base.errors import ConfigError
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.solver import reachable
from fathom.tasks.splits import check_shares, generate_split, split_of
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.countdown import Notation, Rules, check_expression, check_steps
from fathom.tasks.verifiers.format import AnswerFormat


@dataclass(frozen=True, slots=True)
class Countdown:
    """``count`` numbers of ``smallest``..``largest`` (a number may come twice) and a target in ``target_range``.

    ``validation`` and ``test`` are shares of all multisets. ``written``: the notation of the answer.
    """

    count: int = 3
    smallest: int = 1
    largest: int = 12
    target_range: tuple[int, int] = (1, 60)
    rules: Rules = field(default_factory=Rules)
    written: Notation = "expression"
    style: Style = "base"
    answer_format: AnswerFormat = field(default_factory=AnswerFormat)
    validation: float = 0.05
    test: float = 0.1

    def __post_init__(self) -> None:
        check_shares(self.validation, self.test)
        if not 2 <= self.count <= 6:
            raise ConfigError(f"countdown with {self.count} numbers is not offered", "choose 2 to 6")
        if not 1 <= self.smallest <= self.largest:
            raise ConfigError(
                f"there is no number in {self.smallest}..{self.largest}", "choose 1 <= smallest <= largest"
            )
        if not 1 <= self.target_range[0] <= self.target_range[1]:
            raise ConfigError(f"there is no target in {self.target_range}", "choose 1 <= lowest <= highest")

    @property
    def name(self) -> str:
        return f"countdown-{self.count}"

    def multisets(self) -> int:
        """The number of multisets, held-out ones included."""
        return comb(self.largest - self.smallest + self.count, self.count)

    def split_of(self, numbers: tuple[int, ...]) -> Split:
        """The split that problems with these numbers belong to, in any order."""
        key = "countdown:" + ",".join(map(str, sorted(numbers)))
        return split_of(key, validation=self.validation, test=self.test)

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        """As `Task.items`; raises ConfigError if no multiset of the split reaches a target."""
        rng = random.Random(f"{self.name}/{split}/{seed}")
        return islice(generate_split(lambda: self._draw(split, rng), split, self.name), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify(completion, lambda answer: self._check(item, answer))

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify_lenient(completion, lambda answer: self._check(item, answer))

    def question(self, numbers: tuple[int, ...], target: int) -> str:
        """The problem in words; with the style ``bare`` as short as possible."""
        given = " ".join(map(str, numbers))
        if self.style == "bare":
            return f"{given} = {target}\n"
        allowed = " ".join(self.rules.operators)
        use = "every number exactly once" if self.rules.use_all else "each number at most once"
        how = "as one expression" if self.written == "expression" else "as steps of the form a + b = c"
        absolute = " A minus means the absolute difference." if self.rules.absolute else ""
        return (
            f"Using the numbers {given}, reach {target}. Use {use}, with the operations {allowed} and parentheses."
            f"{absolute} Give the answer {how}."
        )

    def _check(self, item: Item, answer: str) -> str:
        check = check_expression if self.written == "expression" else check_steps
        return check(answer, item.metadata["numbers"], item.answer, self.rules)

    def _draw(self, split: Split, rng: random.Random) -> Item | None:
        numbers = tuple(rng.randint(self.smallest, self.largest) for _ in range(self.count))
        if self.split_of(numbers) != split:
            return None
        low, high = self.target_range
        given = () if self.rules.use_all else numbers  # a given number would be an answer without any operation
        values = reachable(numbers, self.rules, whole=self.written == "steps")
        targets = {value: text for value, text in values.items() if low <= value <= high and value not in given}
        if not targets:
            return None
        target = rng.choice(list(targets))
        return Item(
            id=f"{self.name}/{'-'.join(map(str, sorted(numbers)))}/{target}",
            prompt=format_prompt(self.question(numbers, target), self.style, opened=self.answer_format.opened),
            answer=target,
            metadata={"numbers": numbers, "target": target, "solution": targets[target]},
        )
