"""Configurations of optimizers: factors of schedules, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.optim.config import LR, AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig


@pytest.mark.parametrize(
    ("kind", "factors"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.7, 0.4]),
        ("stable", [0.5, 1.0, 1.0, 1.0, 0.55]),
    ],
)
def test_progress_counts_from_the_end_of_warmup(kind: str, factors: list[float]) -> None:
    schedule = ScheduleConfig(kind=kind, warmup=2, decay=2 / 3, floor=0.1)
    assert [schedule.factor(step, 5) for step in range(5)] == pytest.approx(factors)


@pytest.mark.parametrize(
    ("warmup", "total", "updates"),
    [(0, 10, 0), (2, 10, 2), (20, 10, 20), (0.1, 10, 1), (0.1, 25, 3), (0.05, 1, 1), (0.0, 9, 0)],
)
def test_warmup_is_a_share_or_a_number(warmup: float, total: int, updates: int) -> None:
    assert ScheduleConfig(kind="constant", warmup=warmup).warmup_updates(total) == updates


@pytest.mark.parametrize("total", [1, 2, 6, 1000])
def test_a_share_always_reaches_the_peak(total: int) -> None:
    assert ScheduleConfig(kind="constant", warmup=0.05).factor(total - 1, total) == 1.0


def test_a_number_takes_at_most_half_of_the_run() -> None:
    schedule = ScheduleConfig(kind="constant", warmup=20)
    assert [schedule.shorten(total).warmup for total in (1, 2, 6, 39, 40, 1000)] == [0, 1, 3, 19, 20, 20]
    assert [schedule.shorten(4).factor(step, 4) for step in range(4)] == [0.5, 1.0, 1.0, 1.0]
    assert schedule.shorten(1).factor(0, 1) == 1.0
    share = ScheduleConfig(warmup=0.05)
    assert share.shorten(1) is share


def test_a_share_stays_one_when_it_is_stored() -> None:
    for warmup in (0.25, 20, 0):
        stored = ScheduleConfig(warmup=warmup).model_dump_json()
        assert ScheduleConfig.model_validate_json(stored).warmup == warmup
        assert type(ScheduleConfig.model_validate_json(stored).warmup) is type(warmup)
    assert ScheduleConfig(warmup=20.0).warmup == 20
    for wrong in (-1, 1.5, -0.5, float("nan"), float("inf")):
        with pytest.raises(ValidationError, match="it is a share of the run, below 1, or a whole number of updates"):
            ScheduleConfig(warmup=wrong)


def test_a_stage_gives_the_rate_that_a_configuration_leaves_open() -> None:
    config = OptimConfig(adamw=AdamWConfig(lr=None))
    assert config.with_lr(0.5).adamw.peak_lr == 0.5
    assert config.adamw.peak_lr == LR
    assert OptimConfig(adamw=AdamWConfig(lr=0.25)).with_lr(0.5).adamw.lr == 0.25


def test_the_schedule_of_deepseek_v3_ends_low() -> None:
    assert ScheduleConfig(kind="deepseek_v3").factor(999, 1000) == pytest.approx(7.3e-6 / 2.2e-4)


@pytest.mark.parametrize(
    ("model", "values"),
    [(AdamWConfig, {"lr": 0.0}), (MuonConfig, {"momentum": 1.0}), (OptimConfig, {"ema": 1.0}), (OptimConfig, {"x": 1})],
)
def test_values_out_of_range_and_unknown_keys_are_refused(model: type, values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        model(**values)
