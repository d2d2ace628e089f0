from __future__ import annotations

from pathlib import Path

import pytest
from tiny_runs import tiny_config

from fathom.base.errors import ConfigError
from fathom.optim.config import LR
from fathom.train.run.config import override
from fathom.train.supervised.config import (
    FULL_LR,
    LOW_RANK_LR,
    BatchConfig,
    FileData,
    LoRAConfig,
    LossConfig,
    SFTConfig,
    ShardData,
    TuningConfig,
)


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


def tuning(**changes: object) -> SFTConfig:
    return SFTConfig.model_validate({"name": "talks", "start": "x", "data": "talks.jsonl", "epochs": 2, **changes})


def test_data_may_be_the_name_of_a_file_or_of_shards(tmp_path: Path) -> None:
    assert tuning().data == FileData(sources=("talks.jsonl",))
    assert tuning(data=["a.jsonl", "b.jsonl"]).data == FileData(sources=("a.jsonl", "b.jsonl"))
    assert tuning(validation="held.jsonl").validation == FileData(sources=("held.jsonl",))
    (tmp_path / "index.json").write_text("{}")
    assert tuning(data=str(tmp_path)).data == ShardData(directory=str(tmp_path))
    changed = override(tuning(data={"kind": "shards", "directory": "d"}), ["data=hf:owner/name"])
    assert changed.data == FileData(sources=("hf:owner/name",))
    assert override(changed, ["data.chat=true"]).data == FileData(sources=("hf:owner/name",), chat=True)


def test_a_setting_takes_the_place_of_those_it_excludes() -> None:
    changed = override(tuning(), ["steps=30"])
    assert (changed.steps, changed.epochs, changed.minutes) == (30, None, None)
    assert override(changed, ["minutes=2"]).minutes == 2
    with pytest.raises(ConfigError, match="give one of steps, epochs and minutes"):
        override(tuning(), ["steps=30", "epochs=2"])
    built = override(tiny_config(), ["start=somewhere"])
    assert (built.start, built.model) == ("somewhere", None)


def test_the_rate_is_that_of_what_is_trained_unless_one_is_named() -> None:
    open_rate = {"adamw": {"lr": None}}
    assert tuning(optim=open_rate).optimizers.adamw.lr == FULL_LR
    assert override(tuning(optim=open_rate), ["lora.rank=8"]).optimizers.adamw.lr == LOW_RANK_LR
    assert override(tuning(optim=open_rate), ["lora.rank=8", "optim.adamw.lr=1e-3"]).optimizers.adamw.lr == 1e-3
    assert tiny_config(optim=open_rate).optimizers.adamw.lr == LR


def test_targets_as_peft_names_them() -> None:
    assert LoRAConfig(targets="all-linear").targets is None
    assert LoRAConfig(targets="q_proj, v_proj").targets == ("q_proj", "v_proj")
    assert LoRAConfig(targets=["q_proj"]).targets == ("q_proj",)


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
