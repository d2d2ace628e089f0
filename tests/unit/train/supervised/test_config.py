from __future__ import annotations

import pytest
from tiny_runs import tiny_config

from fathom.train.supervised.config import BatchConfig, LossConfig, SFTConfig, TuningConfig


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": None}, "give one of steps, epochs and minutes"),
        ({"epochs": 1.0}, "give one of steps, epochs and minutes"),
        ({"start": "somewhere"}, "give either model, to build one, or start"),
        ({"model": None}, "give either model, to build one, or start"),
        ({"tokenizer": None}, "a new model needs a tokenizer"),
        ({"batch": {"rows": 2, "ramp_from": 3}}, "ramp_from 3 exceeds rows 2"),
    ],
)
def test_invalid_configurations_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiny_config(**changes)


def test_rows_ramp_up() -> None:
    batch = BatchConfig(rows=8, ramp_from=2, ramp_until=0.5)
    assert batch.rows_at(0) == 2
    assert batch.rows_at(0.25) == 5
    assert batch.rows_at(0.5) == batch.rows_at(0.9) == 8
    assert BatchConfig(rows=8).rows_at(0) == 8


def test_weights_of_losses_hold_from_their_start() -> None:
    loss = LossConfig(mtp=((0.0, 0.3), (0.7, 0.1)), bias_speed=((0.0, 1e-3), (0.9, 0.0)))
    assert [loss.mtp_at(progress) for progress in (0, 0.69, 0.7, 1)] == [0.3, 0.3, 0.1, 0.1]
    assert [loss.bias_speed_at(progress) for progress in (0, 0.9)] == [1e-3, 0.0]


def test_fine_tuning_packs_whole_samples_and_averages_no_adapters() -> None:
    values = tiny_config().model_dump(exclude={"stage", "packing", "too_long"})
    config = SFTConfig.model_validate(values)
    assert (config.packing, config.too_long) == ("best_fit", "drop")
    values["optim"]["ema"] = 0.9
    with pytest.raises(ValueError, match="averages whole weights, and lora freezes them: choose one"):
        TuningConfig.model_validate({**values, "stage": "sft", "lora": {}})
