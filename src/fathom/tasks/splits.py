"""Splits by content: a hash of the problem decides, not a position in a file or a seed.

So held-out problems stay held out in every run, for any order, number of workers or version of the generator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from fathom.base.errors import ConfigError
from fathom.tasks.task import Item, Split

MAX_IDLE_DRAWS = 5000
"""Draws without a new problem after which a generated split counts as exhausted."""


def hash_fraction(key: str) -> float:
    """A hash in 0..1, uniform over keys and the same on every machine."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def split_of(key: str, *, validation: float, test: float) -> Split:
    """The split of a problem, if these shares of all problems are held out."""
    place = hash_fraction(key)
    if place < test:
        return "test"
    return "validation" if place < test + validation else "train"


def check_shares(validation: float, test: float) -> None:
    """Raises ConfigError if the held-out shares are not shares, or leave nothing to train on."""
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise ConfigError(
            f"validation={validation} and test={test} leave nothing to train on",
            "give shares of at least 0 whose sum is below 1",
        )


def generate_split(draw: Callable[[], Item | None], split: Split, name: str) -> Iterator[Item]:
    """The items of a generated split: ``draw`` returns one, or None if the problem drawn is in another split.

    Training draws without end, with repetition; the held-out splits have each problem once. Raises ConfigError if the
    split is empty.
    """
    seen: set[str] = set()
    idle, empty = 0, True
    while idle < MAX_IDLE_DRAWS:
        item = draw()
        if item is None or item.id in seen:
            idle += 1
            continue
        idle, empty = 0, False
        if split != "train":
            seen.add(item.id)
        yield item
    if empty:
        raise ConfigError(
            f"the {split} split of {name} is empty: {MAX_IDLE_DRAWS:,} draws found no problem of it",
            "widen the task, or increase the share of the split",
        )
