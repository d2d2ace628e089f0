"""How long a run is: no row more often than the epochs say, and a sentence that tells it before."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_runs import tiny_config

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.supervised.config import PretrainConfig
from fathom.train.supervised.extent import describe_extent, measure_extent, row_length


def config(
    epochs: float | None = 2, rows: int = 32, min_updates: int | None = None, **changes: object
) -> PretrainConfig:
    batch = {"rows": rows, "length": 1024, "min_updates": min_updates}
    steps = None if epochs is not None or "minutes" in changes else 5
    return tiny_config(steps=steps, epochs=epochs, batch=batch, **changes)


@pytest.mark.parametrize(
    ("epochs", "rows", "min_updates", "data", "updates", "taken"),
    [
        (2, 32, None, 9, 2, 9),  # an update takes every row once, and not 32 of 9
        (2, 32, 10, 9, 18, 1),
        (3, 32, 10, 40, 10, 12),
        (3, 32, 10, 9000, 844, 32),
        (0.5, 4, None, 9, 1, 4),
        (1, 4, 100, 1, 1, 1),
        (0.01, 4, None, 9, 1, 4),
    ],
)
def test_a_run_by_epochs(
    epochs: float, rows: int, min_updates: int | None, data: int, updates: int, taken: int
) -> None:
    extent = measure_extent(config(epochs, rows, min_updates), data, 1024)
    assert (extent.updates, extent.batch.rows, extent.epochs) == (updates, taken, epochs)


@pytest.mark.parametrize(
    ("sizes", "epochs", "length"),
    [
        ([50] * 120, 3, 192),  # 18,000 tokens in 100 updates
        ([50] * 119 + [700], 3, 704),  # the longest still fits
        ([50] * 119 + [5000], 3, 352),  # one that never fitted does not count
        ([50] * 12_000, 3, 1024),
        ([50] * 120, None, 64),  # 6,000 tokens in 100 updates
        ([], 3, 1024),
    ],
)
def test_rows_of_few_data_are_shorter(sizes: list[int], epochs: float | None, length: int) -> None:
    assert row_length(config(epochs, min_updates=100), np.cumsum([0, *sizes])) == length
    assert row_length(config(epochs), np.cumsum([0, *sizes])) == 1024


def test_ranks_share_every_update() -> None:
    assert measure_extent(config(), 9, 1024, ranks=2).batch.rows == 10
    assert measure_extent(config(min_updates=100), 9, 1024, ranks=4).batch.rows == 4


def test_a_ramp_starts_no_higher_than_it_ends() -> None:
    batch = {"rows": 32, "length": 64, "ramp_from": 16}
    extent = measure_extent(tiny_config(steps=None, epochs=1, batch=batch), 9, 64)
    assert extent.batch.rows_at(0) == extent.batch.rows_at(0.9) == 9


def test_a_run_by_updates_repeats_what_there_is() -> None:
    extent = measure_extent(config(None), 9, 1024)
    assert (extent.updates, extent.batch.rows, extent.epochs) == (5, 32, None)


def test_a_run_by_updates_of_few_data_takes_fewer_rows_as_one_epoch_would() -> None:
    extent = measure_extent(config(None, min_updates=100), 30, 64)
    assert (extent.updates, extent.batch.rows, extent.epochs) == (5, 1, None)
    assert measure_extent(config(None, min_updates=100), 9000, 1024).batch.rows == 32
    timed = measure_extent(config(None, minutes=5.0, min_updates=100), 30, 64)
    assert (timed.updates, timed.batch.rows) == (None, 1)


def test_it_is_told_in_a_sentence() -> None:
    optim = OptimConfig(adamw=AdamWConfig(lr=2e-4), schedule=ScheduleConfig(warmup=0.1))
    asked = config(3, min_updates=30, optim=optim)
    assert describe_extent(asked, measure_extent(asked, 9, 1024)) == (
        "9 rows of 1,024 tokens: 27 updates of 1 row, 3 epochs; peak learning rate 0.0002 after 3 updates of warm-up"
    )
    asked = config(None, optim=optim)
    assert describe_extent(asked, measure_extent(asked, 1, 1024)) == (
        "1 row of 1,024 tokens: 5 updates of 32 rows, 160 epochs; peak learning rate 0.0002"
    )
    asked = config(None, minutes=5.0)
    assert describe_extent(asked, measure_extent(asked, 1200, 1024)) == (
        "1,200 rows of 1,024 tokens: 5 minutes of updates of 32 rows; peak learning rate 0.003 (Muon 0.01)"
    )
