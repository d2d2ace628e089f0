"""The levels of the curriculum: their problems, their solvers, and their share of the corpus.

The base is trained on much of the easy levels and little of the hard ones, and that little ends badly: with four
numbers most solvers guess, and the others give up soon. Of `four-20`, `chain-5` and `gcd-3` it sees nothing at all.
What a model can do there it has put together itself, out of what easier levels taught: that is the question of the
recipe.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fathom.base.errors import ConfigError
from fathom.recipes.countdown.calculations import calculate
from fathom.recipes.countdown.errors import CALCULATION_RATES, FAILING_RATES, SEARCH_RATES, ErrorRates
from fathom.recipes.countdown.problems import (
    ShortArithmetic,
    ShortCountdown,
    ShortGym,
    gym,
    shorten_equation,
    shorten_gcd,
)
from fathom.recipes.countdown.search import search_steps
from fathom.tasks.task import Item, Task
from fathom.train.rl.curriculum import Level

Solver = Callable[[Item, ErrorRates, random.Random], str]


@dataclass(frozen=True, slots=True)
class LevelSpec:
    """``share`` of the corpus; ``after``: see `fathom.train.rl.curriculum.Level`."""

    task: Callable[[], Task]
    solver: Solver
    after: str | None
    share: float
    rates: ErrorRates


def _gcd(count: int) -> Task:
    original = gym("gcd", min_numbers=count, max_numbers=count, min_value=2, max_value=99)
    return ShortGym(f"gcd-{count}", original, shorten_gcd)


def _equations() -> Task:
    options = {"min_terms": 2, "max_terms": 2, "max_value": 20, "operators_weights": [0.5, 0.5, 0.0]}
    return ShortGym("equations", gym("simple_equations", **options), shorten_equation)


LEVELS: Mapping[str, LevelSpec] = MappingProxyType(
    {
        "three-12": LevelSpec(lambda: ShortCountdown(3, 12, 60), search_steps, None, 0.35, SEARCH_RATES),
        "three-20": LevelSpec(lambda: ShortCountdown(3, 20, 99), search_steps, "three-12", 0.25, SEARCH_RATES),
        "four-12": LevelSpec(lambda: ShortCountdown(4, 12, 60), search_steps, "three-12", 0.1, FAILING_RATES),
        "four-20": LevelSpec(lambda: ShortCountdown(4, 20, 99), search_steps, "four-12", 0.0, FAILING_RATES),
        "chain-3": LevelSpec(lambda: ShortArithmetic(3), calculate, None, 0.12, CALCULATION_RATES),
        "chain-5": LevelSpec(lambda: ShortArithmetic(5), calculate, "chain-3", 0.0, CALCULATION_RATES),
        "gcd": LevelSpec(lambda: _gcd(2), calculate, None, 0.09, CALCULATION_RATES),
        "gcd-3": LevelSpec(lambda: _gcd(3), calculate, "gcd", 0.0, CALCULATION_RATES),
        "equations": LevelSpec(_equations, calculate, None, 0.09, CALCULATION_RATES),
    }
)
"""By the level's name, in the order of reports."""


def levels(names: Sequence[str] = tuple(LEVELS)) -> list[Level]:
    """The levels of these names, as a curriculum takes them. One whose predecessor is left out is open from the start.

    Raises MissingPackageError where one of them needs reasoning-gym and it is not installed.
    """
    specs = {name: find_level(name) for name in names}
    return [Level(name, spec.task(), spec.after if spec.after in specs else None) for name, spec in specs.items()]


def find_level(name: str) -> LevelSpec:
    """Raises ConfigError where there is no level of this name."""
    if name not in LEVELS:
        raise ConfigError(f"there is no level {name!r}", f"choose some of {', '.join(LEVELS)}")
    return LEVELS[name]
