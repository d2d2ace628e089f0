"""Configurations of optimizers: factors of schedules, and what is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig


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


def test_the_schedule_of_deepseek_v3_ends_low() -> None:
    assert ScheduleConfig(kind="deepseek_v3").factor(999, 1000) == pytest.approx(7.3e-6 / 2.2e-4)


@pytest.mark.parametrize(
    ("model", "values"),
    [(AdamWConfig, {"lr": 0.0}), (MuonConfig, {"momentum": 1.0}), (OptimConfig, {"ema": 1.0}), (OptimConfig, {"x": 1})],
)
def test_values_out_of_range_and_unknown_keys_are_refused(model: type, values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        model(**values)
