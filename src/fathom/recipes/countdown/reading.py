"""What a model does in its traces: whether its arithmetic is right, what it claims, and how long it keeps trying.

This reads the lines that `countdown.traces` writes, wherever a model writes something else it says so. It tells
persistence from skill: reinforcement learning may make a model search longer without making one sum more often right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fathom.evals.grading import GradedCompletion, Group
from fathom.recipes.countdown.traces import LARGEST, apply
from fathom.text import markers

_NUMBER = r"(\d{1,2}|big)"
_LINE = re.compile(
    rf" (\d+) ([-+*]) (\d+) = {_NUMBER}, (\d+)(?: \+ {_NUMBER})?(?: - {_NUMBER})?(?: \* {_NUMBER})?( !)?"
)


@dataclass(frozen=True, slots=True)
class TraceStatistics:
    """Shares, over all completions (``guesses``, ``claims``), all claims (``verified``: the value is the target and the
    arithmetic of its line is right) and all results written (``first_right``, ``leaf_right``: of two numbers, and of
    their result with the third). ``lines`` is a mean, ``strange`` the share of lines that read like no line.
    """

    guesses: float
    claims: float
    verified: float
    lines: float
    first_right: float
    leaf_right: float
    strange: float

    def metrics(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}


def read(groups: Iterable[Group]) -> TraceStatistics:
    """Of at least one completion."""
    firsts: list[bool] = []
    leaves: list[bool] = []
    verified: list[bool] = []
    counts: list[int] = []
    guesses = total = claims = strange = 0
    for group in groups:
        for member in group.members:
            lines = _lines(member)
            total += 1
            guesses += not lines
            counts.append(len(lines))
            claims += any(line.endswith(" !") for line in lines)
            for line in lines:
                found = _LINE.fullmatch(line)
                if found is None:
                    strange += 1
                    continue
                right = _check(found, firsts, leaves)
                if found[9]:
                    values = [value for value in found.group(6, 7, 8) if value is not None]
                    verified.append(right and bool(values) and values[-1] == str(group.item.answer))
    return TraceStatistics(
        guesses=guesses / total,
        claims=claims / total,
        verified=_share(verified),
        lines=sum(counts) / total,
        first_right=_share(firsts),
        leaf_right=_share(leaves),
        strange=strange / max(1, sum(counts)),
    )


def _lines(member: GradedCompletion) -> list[str]:
    thinking = member.text.partition(markers.THINK_CLOSE)[0]
    return [line for line in thinking.split("\n") if line.strip()]


def _check(found: re.Match[str], firsts: list[bool], leaves: list[bool]) -> bool:
    """Judge every result of a line; whether all are right. Nothing follows from a result that is too big."""
    first, operator, second, result, rest = found.group(1, 2, 3, 4, 5)
    firsts.append(result == _number_text(apply(operator, int(first), int(second))))
    if result == "big":
        return False
    right = [
        value == _number_text(apply(sign, int(result), int(rest)))
        for sign, value in zip("+-*", found.group(6, 7, 8), strict=True)
        if value is not None
    ]
    leaves += right
    return firsts[-1] and all(right)


def _number_text(value: int) -> str:
    return str(value) if value <= LARGEST else "big"


def _share(values: list[bool]) -> float:
    return sum(values) / max(1, len(values))
