"""A resumable loader: endless batches, in an order that depends on the seed alone.

The order is one sequence of rows, shuffled again each epoch, the same for any number of ranks. A step takes the next
``batch_size`` rows, and each rank its share of them. So the state is one number for each dataset, the rows that all
ranks together have taken; a resumed run continues with the next batch, on any number of ranks. Nothing is prefetched,
so nothing is lost.

Several datasets are mixed by weight, deterministically: every row comes from the dataset that is furthest below its
share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from fathom.base.errors import ConfigError, DataError
from fathom.data.packing.batch import Batch, PackedDataset, Row, collate
from fathom.data.permutation import Permutation


@dataclass(frozen=True, slots=True)
class MixturePart:
    """A dataset of a mixture. ``weight`` is its share of rows relative to the others."""

    dataset: PackedDataset
    weight: float = 1.0


class Loader:
    """Iterates over batches of ``batch_size`` rows, of which this rank gets its slice: (batch_size / world, T).

    ``epochs`` None is endless; otherwise every row of the one dataset comes exactly ``epochs`` times (of 1.5, half of
    them come twice), and the last batch is completed with rows of padding (so a rank may get only padding). ``pad`` is
    the token that fills short rows.

    Raises ConfigError if ``batch_size`` is not a multiple of ``world``, DataError if there are no rows.
    """

    def __init__(
        self,
        data: PackedDataset | Sequence[MixturePart],
        batch_size: int,
        *,
        seed: int = 0,
        rank: int = 0,
        world: int = 1,
        epochs: float | None = None,
        shuffle: bool = True,
        pad: int = 0,
    ) -> None:
        self._parts = [MixturePart(data)] if isinstance(data, PackedDataset) else list(data)
        _check_parts(self._parts, epochs)
        self.batch_size = batch_size
        if batch_size < 1 or batch_size % world:
            raise ConfigError(
                f"a batch of {batch_size} rows cannot be shared among {world} ranks",
                f"choose a multiple of {world}",
            )
        self._seed = seed
        self._rank = rank
        self._world = world
        self._end = None if epochs is None else max(1, round(epochs * len(self._parts[0].dataset)))
        self._shuffle = shuffle
        self._pad = pad
        self._length = self._parts[0].dataset.length
        self._taken = [0] * len(self._parts)
        self._orders = [Permutation(len(part.dataset), seed + at) for at, part in enumerate(self._parts)]
        self._order_epochs = [0] * len(self._parts)

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        return self.take(self.batch_size)

    def take(self, batch_size: int) -> Batch:
        """The next batch, of ``batch_size`` rows: for a batch size schedule. If it is not a multiple of the ranks, the
        last ranks get rows of padding. Raises StopIteration at the end of ``epochs``.
        """
        share = -(-batch_size // self._world)
        if self.finished:
            raise StopIteration
        own = range(self._rank * share, (self._rank + 1) * share)
        rows: list[Row] = []
        for place in range(batch_size):
            row = self._next_row(wanted=place in own)
            if row is not None:
                rows.append(row)
        return collate(rows + [_EMPTY] * (share - len(rows)), self._length, self._pad)

    @property
    def taken(self) -> int:
        """The rows that all ranks together have taken."""
        return sum(self._taken)

    @property
    def epoch(self) -> float:
        """Epochs so far; of a mixture, those of the part that was read most often."""
        return max(taken / len(part.dataset) for taken, part in zip(self._taken, self._parts, strict=True))

    @property
    def finished(self) -> bool:
        return self._end is not None and self.taken >= self._end

    def state_dict(self) -> dict[str, Any]:
        """The position of the loader, as plain numbers, the same on every rank."""
        return {"data": self._identity, "seed": self._seed, "shuffle": self._shuffle, "taken": list(self._taken)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state``. Raises ConfigError if it belongs to other data or another order."""
        if state.get("data") != self._identity:
            raise ConfigError(
                "the data have changed since the checkpoint was written, or are packed otherwise",
                "restore the files and the length of rows, or choose another --out",
            )
        for key, here in (("seed", self._seed), ("shuffle", self._shuffle)):
            if state.get(key) != here:
                raise ConfigError(
                    f"the checkpoint belongs to another order of the data: {key} is {state.get(key)!r}, not {here!r}",
                    "resume with the seed of the run, or start a new run",
                )
        self._taken = list(state["taken"])

    @property
    def _identity(self) -> str:
        parts = " ".join(f"{part.dataset.fingerprint}*{part.weight}" for part in self._parts)
        return sha256(parts.encode()).hexdigest()

    def _next_row(self, *, wanted: bool) -> Row | None:
        """Advance by one row, and read it if it is this rank's. None otherwise, and after the last epoch."""
        if self.finished:
            return None
        at = self._next_dataset()
        taken, dataset = self._taken[at], self._parts[at].dataset
        self._taken[at] += 1
        return dataset[self._row_index(at, taken)] if wanted else None

    def _next_dataset(self) -> int:
        """The dataset that is furthest below its share."""
        if len(self._parts) == 1:
            return 0
        progress = [(taken + 1) / part.weight for taken, part in zip(self._taken, self._parts, strict=True)]
        return progress.index(min(progress))

    def _row_index(self, at: int, taken: int) -> int:
        """The index of the ``taken``-th row of a dataset in its order."""
        size = len(self._parts[at].dataset)
        epoch, index = divmod(taken, size)
        if not self._shuffle:
            return index
        if epoch != self._order_epochs[at]:
            self._orders[at] = Permutation(size, self._seed + at, epoch)
            self._order_epochs[at] = epoch
        return self._orders[at][index]


_NONE = np.zeros(0, dtype=np.int64)
_EMPTY = Row(_NONE, _NONE, _NONE, _NONE, _NONE.astype(np.bool_))


def _check_parts(parts: Sequence[MixturePart], epochs: float | None) -> None:
    if not parts or any(len(part.dataset) == 0 for part in parts):
        raise DataError(
            "there is nothing to train on: a dataset has no rows", "check what the filters dropped, and why"
        )
    if any(part.weight <= 0 for part in parts):
        raise ConfigError("a weight in the mixture is not above 0", "leave that dataset out")
    if len({part.dataset.length for part in parts}) > 1:
        raise ConfigError("the datasets of the mixture have rows of different lengths", "pack them with one length")
    if epochs is not None and len(parts) > 1:
        raise ConfigError("a mixture has no epochs: its parts end at different times", "bound the steps instead")
