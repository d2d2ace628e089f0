"""Problems from files or the hub, in disjoint splits.

A data set's own splits are kept. Without them a hash of the problem decides, so that adding lines or shuffling the file
moves nothing between splits. A problem that is in two of them belongs to the held-out one: test before validation,
validation before training.
"""

from __future__ import annotations

import hashlib
import logging
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fathom.base.errors import ConfigError
from fathom.data.sources.open import open_source
from fathom.data.sources.source import MAX_SKIPPED, Skips
from fathom.tasks.splits import check_shares, split_of
from fathom.tasks.task import Item, Split

log = logging.getLogger(__name__)

Make = Callable[[Mapping[str, Any]], Item]
"""Makes an item of a record; raises KeyError, TypeError or ValueError if a field is missing or invalid."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The sources of the splits, by name (``problems.jsonl``, ``hf:owner/name:pattern``: `fathom.data.sources.open`).

    A held-out split without a source of its own is a share of the training source, if there is one.
    """

    train: str | None = None
    validation: str | None = None
    test: str | None = None
    validation_share: float = 0.05
    test_share: float = 0.1
    max_skipped: int = MAX_SKIPPED

    def __post_init__(self) -> None:
        check_shares(self.validation_share, self.test_share)
        if not (self.train or self.validation or self.test):
            raise ConfigError("there is no source of problems", "give train=, validation= or test= a file or hf:name")

    def items(self, name: str, split: Split, make: Make, seed: int) -> Iterator[Item]:
        """The items of a split, each once, in the order that the seed gives. Raises DataError and ConfigError."""
        items = self._members(split, make)
        if not items:
            raise ConfigError(f"the {split} split of {name} is empty", self._remedy(split, make))
        random.Random(f"{name}/{split}/{seed}").shuffle(items)
        return iter(items)

    def _members(self, split: Split, make: Make) -> list[Item]:
        """The items of a split, in the order of the source."""
        own = {"train": self.train, "validation": self.validation, "test": self.test}[split]
        stricter = {"train": (self.test, self.validation), "validation": (self.test,), "test": ()}[split]
        held = {item.id for other in stricter if other for item in _load(other, make, self)[0]}
        source = own or self.train
        items = _load(source, make, self)[0] if source else []
        if split == "train" or not own:
            items = [item for item in items if self._place(item) == split]
        return [item for item in items if item.id not in held]

    def _remedy(self, split: Split, make: Make) -> str:
        """What to do about an empty split: its source has no usable record, too few to share, or does not exist."""
        source = getattr(self, split) or self.train
        if source is None:
            return f"give {split}= a source"
        loaded, skips = _load(source, make, self)
        if skips.items and not loaded:
            return f"repair {source}, of which no record can be used: {skips}"
        share = "" if split == "train" else f", or increase {split}_share"
        return f"give {split}= a source{share}: {source} has {len(loaded)} problems"

    def _place(self, item: Item) -> Split:
        """The split of a problem of the training source."""
        validation = 0.0 if self.validation else self.validation_share
        return split_of(item.id, validation=validation, test=0.0 if self.test else self.test_share)


def content_id(name: str, *parts: str) -> str:
    """An item's id: a hash of the problem's text, independent of white space."""
    text = "\0".join(" ".join(part.split()) for part in parts)
    return f"{name}/{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"


def first_text(record: Mapping[str, Any], *names: str) -> str:
    """The text of the first of these fields that has one; raises ValueError if none has."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value.strip():
            return value
    raise ValueError(f"it has no text in {' or '.join(map(repr, names))}")


def has_answer(record: Mapping[str, Any], name: str) -> bool:
    """Whether a field is there and not null, NaN or empty."""
    value = record.get(name)
    return not (value is None or (isinstance(value, float) and math.isnan(value)) or value in ("", [], {}))


def answer_text(record: Mapping[str, Any], name: str) -> str:
    """The answer in a field as text: a text, a number, or a list of them, all of which are the answer.

    Raises ValueError for anything else, so that null does not become the word "None".
    """
    if not has_answer(record, name):
        raise ValueError(f"it has no {name!r}")
    value = record[name]
    texts = [_answer_part(part) for part in (value if isinstance(value, list) else [value])]
    if None in texts:
        raise ValueError(f"its {name!r} is neither a text nor a number: {str(value)[:60]}")
    return ", ".join(text for text in texts if text)


def _answer_part(value: Any) -> str | None:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(int(value)) if value == int(value) else repr(value)
    return None


def _load(source: str, make: Make, collection: Collection) -> tuple[list[Item], Skips]:
    """The items of one source, without duplicates, and the records that cannot be used: they are skipped and logged."""
    skips = Skips(collection.max_skipped)
    items: dict[str, Item] = {}
    for record in open_source(source).records(skips):
        try:
            item = make(record.data)
        except (KeyError, TypeError, ValueError) as error:
            skips.add(record.where, f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error))
            continue
        items.setdefault(item.id, item)
    if skips.items:
        log.warning("%d records of %s cannot be used: %s", len(skips.items), source, skips)
    return list(items.values()), skips
