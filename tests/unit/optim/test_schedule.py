from __future__ import annotations

import pytest

from fathom.optim import schedule
from fathom.optim.config import ScheduleConfig


def test_warmup_starts_above_zero_and_ends_at_one() -> None:
    assert [schedule.warmup(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert schedule.warmup(0, 0) == 1.0


def test_linear() -> None:
    assert [schedule.linear(p) for p in (0, 0.25, 0.5, 1)] == [1.0, 0.75, 0.5, 0.0]
    assert schedule.linear(0.5, floor=0.2) == pytest.approx(0.6)


def test_cosine() -> None:
    assert [schedule.cosine(p) for p in (0, 1 / 3, 0.5, 1)] == pytest.approx([1.0, 0.75, 0.5, 0.0])
    assert schedule.cosine(0.5, floor=0.1) == pytest.approx(0.55)


def test_stable_decay_holds_and_then_falls() -> None:
    values = [schedule.stable_decay(p, decay=0.2) for p in (0, 0.5, 0.8, 0.9, 1.0)]
    assert values == pytest.approx([1.0, 1.0, 1.0, 0.5, 0.0])
    assert schedule.stable_decay(0.99, decay=0.0) == 1.0


@pytest.mark.parametrize(
    ("tokens", "rate"),
    [
        (0.5e12, 2.2e-4),
        (9.99e12, 2.2e-4),
        (12.15e12, 1.21e-4),  # the middle of the cosine: half way between 2.2e-4 and 2.2e-5
        (14.4e12, 2.2e-5),
        (14.7e12, 7.3e-6),
    ],
)
def test_deepseek_v3_gives_the_rates_of_the_paper(tokens: float, rate: float) -> None:
    assert 2.2e-4 * schedule.deepseek_v3(tokens / 14.8e12) == pytest.approx(rate)


def test_v3s_other_schedules() -> None:
    weight = ((0.0, 0.3), (schedule.V3_HOLD_END, 0.1))
    assert [schedule.piecewise(t / 14.8, weight) for t in (0, 9.9, 10.1)] == [0.3, 0.3, 0.1]
    batches = [schedule.ramp(t / 14.8e3, 3072, 15360, schedule.V3_RAMP_END) for t in (0, 234.5, 469, 9000)]
    assert batches == [3072, 9216, 15360, 15360]


def test_a_ramp_without_length_is_over() -> None:
    assert schedule.ramp(0.0, 1, 8, until=0) == 8


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("constant", [0.5, 1, 1, 1, 1, 1]),
        ("linear", [0.5, 1, 1, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1, 1, 0.853553, 0.5, 0.146447]),
        ("stable", [0.5, 1, 1, 1, 1, 0.5]),
        ("deepseek_v3", [0.5, 1, 1, 1, 1, 0.862333]),
    ],
)
def test_a_configured_schedule_counts_progress_from_the_end_of_warmup(kind: str, expected: list[float]) -> None:
    config = ScheduleConfig.model_validate({"kind": kind, "warmup": 2, "decay": 0.5})
    assert [config.factor(step, 6) for step in range(6)] == pytest.approx(expected, abs=1e-6)
