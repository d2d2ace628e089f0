"""How often solvers err. A corpus of their attempts is what the base models are pretrained on."""

from __future__ import annotations

import random

from pydantic import Field

from fathom.base.config import Part
from fathom.recipes.countdown.arithmetic import Notation


class ErrorRates(Part):
    """Probabilities of a solver's errors; the defaults are those of the curriculum's searches.

    ``guess``: it answers without thinking. ``patience``: the probability to continue after a line without a hit, drawn
    for each solver between these two. ``slip``: a result is wrong, for each. ``overlook``: a hit is not noticed.
    ``imagine``: a solver that gives up claims a hit in its last line. ``move``: a search with four numbers turns to
    another first step after a line.
    """

    guess: float = Field(default=0.25, ge=0, le=1)
    patience: tuple[float, float] = (0.45, 0.78)
    slip: float = Field(default=0.02, ge=0, le=1)
    overlook: float = Field(default=0.03, ge=0, le=1)
    imagine: float = Field(default=0.2, ge=0, le=1)
    move: float = Field(default=0.3, ge=0, le=1)

    def compute(self, value: int, notation: Notation, rng: random.Random) -> int:
        """The result that a solver gets where ``value`` is right."""
        if rng.random() < self.slip:
            return max(0, value + rng.choice((-10, -2, -1, 1, 2, 10)))
        return value if notation.limit is None else min(value, notation.limit)


SPEEDRUN_RATES = ErrorRates(guess=0.2, patience=(0.5, 0.8), imagine=0.3)
SEARCH_RATES = ErrorRates()
FAILING_RATES = ErrorRates(guess=0.6, patience=(0.2, 0.8), slip=0.05, imagine=0.4)
CALCULATION_RATES = ErrorRates(guess=0.2, patience=(0.5, 0.95), slip=0.04)
