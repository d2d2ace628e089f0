"""Which split a problem belongs to, decided by its content.

A hash of the problem, not a position in a file and not a seed, decides: the held-out problems stay held out in every
run, whatever the order, the number of workers or the version of the generator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from fathom.base.errors import ConfigError
from fathom.tasks.task import Item, Split

PATIENCE = 5000
"""Draws without a new problem after which a generated split counts as exhausted."""


def fraction(key: str) -> float:
    """A number in 0..1 that is uniform over keys and the same on every machine."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def split_of(key: str, *, validation: float, test: float) -> Split:
    """The split of a problem, where these shares of all problems are held out."""
    place = fraction(key)
    if place < test:
        return "test"
    return "validation" if place < test + validation else "train"


def check_shares(validation: float, test: float) -> None:
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise ConfigError(
            f"validation={validation} and test={test} leave nothing to train on",
            "give shares of at least 0 whose sum is below 1",
        )


def generate_split(draw: Callable[[], Item | None], split: Split, name: str) -> Iterator[Item]:
    """The items of a generated split: ``draw`` gives one of it, or None where what it drew belongs elsewhere.

    Training draws for ever, with repetition. The held-out splits give each problem once. Raises ConfigError where the
    split has no problem at all.
    """
    seen: set[str] = set()
    idle, empty = 0, True
    while idle < PATIENCE:
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
            f"the {split} split of {name} is empty: {PATIENCE:,} draws found no problem of it",
            "widen the task, or the share of the split",
        )
