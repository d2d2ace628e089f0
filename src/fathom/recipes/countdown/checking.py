"""How well a model computes in the longer recipe's traces: every result it wrote down, done again.

A model can be right more often because it searches longer, begins better, or computes better. Length shows the first;
this shows the last. What reads like no calculation is not counted, but lines are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fathom.evals.grading import Group
from fathom.recipes.countdown.steps import number_text
from fathom.recipes.countdown.traces import apply
from fathom.tasks.task import LEVEL
from fathom.text import markers

_NUMBER = r"(\d{1,2}|big)"
_STEP = re.compile(rf" (\d+) ([-+*]) (\d+) = {_NUMBER}\b")
_LEAVES = re.compile(rf"= (\d+), (\d+)(?: \+ {_NUMBER})?(?: - {_NUMBER})?(?: \* {_NUMBER})?(?: !)?$")
_DIVISION = re.compile(r" (\d+) = (\d+) \* (\d+) \+ (\d+)$")


@dataclass(frozen=True, slots=True)
class ArithmeticScore:
    """Of a level: mean ``lines`` of a completion, ``results`` that were written in all, and the share of them that is
    ``right``, 0 where there are none.
    """

    lines: float
    results: int
    right: float


def check(groups: Iterable[Group]) -> dict[str, ArithmeticScore]:
    """Of each level, in the order in which they come."""
    lines: dict[str, list[int]] = {}
    results: dict[str, list[bool]] = {}
    for group in groups:
        level = group.item.metadata.get(LEVEL, group.item.id.partition("/")[0])
        for member in group.members:
            thinking = member.text.partition(markers.THINK_CLOSE)[0]
            said = [line for line in thinking.split("\n") if line.strip()]
            lines.setdefault(level, []).append(len(said))
            results.setdefault(level, []).extend(right for line in said for right in check_results(line))
    return {
        level: ArithmeticScore(
            sum(counts) / len(counts), len(results[level]), sum(results[level]) / max(1, len(results[level]))
        )
        for level, counts in lines.items()
    }


def check_results(line: str) -> list[bool]:
    """Whether each result in a line is right, from left to right."""
    division = _DIVISION.fullmatch(line)
    if division:
        whole, divisor, quotient, rest = map(int, division.groups())
        return [divisor > 0 and divmod(whole, divisor) == (quotient, rest)]
    step = _STEP.match(line)
    if step is None:
        return []
    found = [step[4] == _result(step[2], int(step[1]), int(step[3]))]
    leaves = _LEAVES.search(line)
    if leaves:
        pairs = zip("+-*", leaves.group(3, 4, 5), strict=True)
        found += [value == _result(sign, int(leaves[1]), int(leaves[2])) for sign, value in pairs if value is not None]
    return found


def _result(operator: str, a: int, b: int) -> str:
    return number_text(apply(operator, a, b))
