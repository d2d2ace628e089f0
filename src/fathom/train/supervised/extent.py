"""The extent of a run over given rows: how many updates it takes, of how many rows each, and which it reads how often.

A run by epochs reads every row as often as they say, and no row more often. So where the data have fewer rows than
``batch.rows``, an update takes fewer; the last one takes what is left. And where even one row an update leaves too few
updates (``batch.min_updates``), rows are shorter: a hundred short conversations fit into a handful of long rows, and a
handful of updates teaches nothing. A run by steps or minutes takes the rows of one epoch so, if it has ``min_updates``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fathom.data.shards.store import Ids
from fathom.train.supervised.config import BatchConfig, SupervisedConfig

LENGTHS = 32
"""Rows that are shortened are a multiple of so many tokens long."""


@dataclass(frozen=True, slots=True)
class Extent:
    """``updates`` None: as many as the minutes allow. ``batch`` is what an update really takes. ``epochs`` None: rows
    come again without end.
    """

    data_rows: int
    updates: int | None
    batch: BatchConfig
    epochs: float | None = None


def row_length(config: SupervisedConfig, offsets: Ids) -> int:
    """Tokens of a row for samples at ``offsets``: ``batch.length``, or fewer where these are few. Every sample that
    fits ``batch.length`` still fits.
    """
    most, updates = config.batch.length, config.batch.min_updates
    if updates is None or len(offsets) < 2:
        return most
    sizes = offsets[1:] - offsets[:-1]
    longest = int(sizes[sizes <= most].max(initial=1))
    wanted = max(longest, (config.epochs or 1) * int(offsets[-1]) / updates)
    return min(most, math.ceil(wanted / LENGTHS) * LENGTHS)


def measure_extent(config: SupervisedConfig, data_rows: int, length: int, ranks: int = 1) -> Extent:
    """The extent of a run of ``config`` over so many rows of ``length`` tokens, shared by ``ranks`` processes."""
    if config.epochs is None and config.batch.min_updates is None:
        return Extent(data_rows, config.steps, config.batch)
    total = rows_of(config.epochs or 1, data_rows)
    rows = min(config.batch.rows, data_rows)
    if config.batch.min_updates is not None:
        rows = min(rows, max(1, total // config.batch.min_updates))
    rows = -(-rows // ranks) * ranks
    start = config.batch.ramp_from
    ramp_from = None if start is None else min(start, rows)
    batch = config.batch.model_copy(update={"rows": rows, "length": length, "ramp_from": ramp_from})
    return Extent(data_rows, config.steps if config.epochs is None else -(-total // rows), batch, config.epochs)


def rows_of(epochs: float, data_rows: int) -> int:
    """Rows that a run of so many epochs reads, at least one."""
    return max(1, round(epochs * data_rows))


def describe_extent(config: SupervisedConfig, extent: Extent) -> str:
    """The extent in a sentence, with the peak of the learning rate."""
    rows, length = extent.batch.rows, extent.batch.length
    what = f"{_count(extent.data_rows, 'row')} of {length:,} tokens"
    optim = config.optimizers
    peak = f"peak learning rate {optim.adamw.peak_lr:g}"
    if optim.muon is not None:
        peak += f" (Muon {optim.muon.lr:g})"
    if extent.updates is None:
        return f"{what}: {config.minutes:g} minutes of updates of {_count(rows, 'row')}; {peak}"
    epochs = extent.epochs if extent.epochs is not None else extent.updates * rows / extent.data_rows
    warmup = optim.schedule.shorten(extent.updates).warmup_updates(extent.updates)
    after = f" after {_count(warmup, 'update')} of warm-up" if warmup > 1 else ""
    if warmup < optim.schedule.warmup_updates(extent.updates):
        after += f" (optim.schedule.warmup is {optim.schedule.warmup}: half of a run is the most)"
    return (
        f"{what}: {_count(extent.updates, 'update')} of {_count(rows, 'row')}, {_count(round(epochs, 2), 'epoch')}; "
        f"{peak}{after}"
    )


def _count(number: float, what: str) -> str:
    shown = f"{int(number) if number == int(number) else number:,}"
    return f"{shown} {what}" if number == 1 else f"{shown} {what}s"
