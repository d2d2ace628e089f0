"""What a model does in its traces: whether its arithmetic is right, what it claims, and how long it keeps trying.

A model can be right more often because it searches longer, begins better, or computes better. Length shows the first;
the share of right results among those that it wrote down shows the last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fathom.recipes.countdown.arithmetic import BIG, CURRICULUM, OPERATORS, SPEEDRUN, Notation, apply
from fathom.tasks.task import GradedGroup
from fathom.text import markers

_NUMBER = rf"(\d{{1,2}}|{BIG})"
_VALUES = rf"(?: \+ {_NUMBER})?(?: - {_NUMBER})?(?: \* {_NUMBER})?"
_STEP = re.compile(rf" (\d+) ([-+*]) (\d+) = {_NUMBER}\b")
_TRIED = re.compile(rf"= (\d+), (\d+){_VALUES}(?: !)?$")
_DIVISION = re.compile(r" (\d+) = (\d+) \* (\d+) \+ (\d+)$")
_SEARCH_LINE = re.compile(rf" \d+ [-+*] \d+ = {_NUMBER}, \d+{_VALUES}( !)?")


@dataclass(frozen=True, slots=True)
class TraceStatistics:
    """Of the speedrun's searches: shares of all completions (``guesses``, ``claims``), of all claims (``verified``: the
    value is the target and the arithmetic of its line is right) and of all results written (``first_right``: of two
    numbers, ``leaf_right``: of their result and the third). ``lines`` is the mean of a completion, ``strange`` the
    share of lines that are not of a search.
    """

    guesses: float
    claims: float
    verified: float
    lines: float
    first_right: float
    leaf_right: float
    strange: float


@dataclass(frozen=True, slots=True)
class ArithmeticScore:
    """Mean ``lines`` of a completion, ``results`` written in all, and the share of them that is ``right`` (0 where
    there are none).
    """

    lines: float
    results: int
    right: float


def trace_statistics(groups: Iterable[GradedGroup]) -> TraceStatistics:
    """Of at least one completion of the speedrun's problems."""
    firsts: list[bool] = []
    leaves: list[bool] = []
    verified: list[bool] = []
    counts: list[int] = []
    claims = strange = 0
    for group in groups:
        for member in group.members:
            lines = thinking_lines(member.text)
            counts.append(len(lines))
            claims += any(line.endswith(" !") for line in lines)
            for line in lines:
                match = _SEARCH_LINE.fullmatch(line)
                if match is None:
                    strange += 1
                    continue
                first, *rest = check_results(line, SPEEDRUN)
                firsts.append(first)
                leaves += rest
                if match[5]:
                    values = [value for value in match.group(2, 3, 4) if value is not None]
                    computed = first and all(rest) and match[1] != BIG
                    verified.append(computed and bool(values) and values[-1] == str(group.item.answer))
    return TraceStatistics(
        guesses=counts.count(0) / len(counts),
        claims=claims / len(counts),
        verified=_share(verified),
        lines=sum(counts) / len(counts),
        first_right=_share(firsts),
        leaf_right=_share(leaves),
        strange=strange / max(1, sum(counts)),
    )


def score_arithmetic(groups: Iterable[GradedGroup]) -> ArithmeticScore:
    """Of at least one completion. Lines that are no calculation count as lines and hold no results."""
    lines = [thinking_lines(member.text) for group in groups for member in group.members]
    results = [right for completion in lines for line in completion for right in check_results(line)]
    return ArithmeticScore(sum(map(len, lines)) / len(lines), len(results), _share(results))


def check_results(line: str, notation: Notation = CURRICULUM) -> list[bool]:
    """Whether each result in a line is right, from left to right. Nothing is computed from a `big` result."""
    division = _DIVISION.fullmatch(line)
    if division:
        whole, divisor, quotient, rest = map(int, division.groups())
        return [divisor > 0 and divmod(whole, divisor) == (quotient, rest)]
    step = _STEP.match(line)
    if step is None:
        return []

    def is_right(text: str, operator: str, a: str, b: str) -> bool:
        return text == notation.text(apply(operator, int(a), int(b)))

    results = [is_right(step[4], step[2], step[1], step[3])]
    tried = _TRIED.search(line)
    if tried:
        pairs = zip(OPERATORS, tried.group(3, 4, 5), strict=True)
        results += [is_right(text, sign, tried[1], tried[2]) for sign, text in pairs if text is not None]
    return results


def thinking_lines(text: str) -> list[str]:
    """The lines before the end of the thinking, without empty ones."""
    return [line for line in text.partition(markers.THINK_CLOSE)[0].split("\n") if line.strip()]


def _share(values: list[bool]) -> float:
    return sum(values) / max(1, len(values))
