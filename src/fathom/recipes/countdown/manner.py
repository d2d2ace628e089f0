"""How solvers of the longer recipe fail. A corpus of them is what its base model reads."""

from __future__ import annotations

import random

from pydantic import BaseModel, ConfigDict, Field

from fathom.recipes.countdown.steps import LARGEST


class SearchErrors(BaseModel):
    """Chances. ``guess``: answer at once. ``patience``: each solver's own chance to go on after a line lies between
    these two. ``slip``: a result is wrong, each. ``overlook``: a hit is not seen. ``imagine``: who gives up a search
    claims that its last line was a hit. ``move``: a search with four numbers turns to another beginning after
    a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    guess: float = Field(default=0.25, ge=0, le=1)
    patience: tuple[float, float] = (0.45, 0.78)
    slip: float = Field(default=0.02, ge=0, le=1)
    overlook: float = Field(default=0.03, ge=0, le=1)
    imagine: float = Field(default=0.2, ge=0, le=1)
    move: float = Field(default=0.3, ge=0, le=1)

    def with_error(self, value: int, rng: random.Random) -> int:
        """The result that a solver finds; beyond `LARGEST` it is as good as any other."""
        return max(0, value + rng.choice((-10, -2, -1, 1, 2, 10))) if rng.random() < self.slip else min(value, BEYOND)


BEYOND = LARGEST + 1
"""Stands for every result that is written `big`."""
