from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import OPTIM, tiny, tiny_config

from fathom.base.errors import CheckpointError
from fathom.checkpoint.store.store import Store
from fathom.data.packing.batch import Batch
from fathom.optim.config import ScheduleConfig
from fathom.train.components.balance import Balance
from fathom.train.components.divergence import DivergedError
from fathom.train.run.metrics import Recorder, read
from fathom.train.supervised.config import BatchConfig, LossConfig, PretrainConfig
from fathom.train.supervised.loop import Loop


def run(config: PretrainConfig, tmp_path: Path, **parts: Any) -> Loop:
    model, source = tiny(config)
    stopping = parts.pop("stopping", lambda: False)
    loop = Loop(model, config, parts.pop("source", source), config.steps or 0, **parts)
    loop.run(Recorder(tmp_path), stopping)
    return loop


def test_golden_losses(tmp_path: Path) -> None:
    """A refactoring that keeps the mathematics keeps these numbers."""
    run(tiny_config(), tmp_path)
    lines = read(tmp_path)
    assert [line["loss"] for line in lines] == pytest.approx(GOLDEN, abs=2e-3)
    assert [line["mtp_loss"] for line in lines] == pytest.approx(GOLDEN_MTP, abs=2e-3)


GOLDEN = [4.1708, 3.9815, 3.8492, 3.7341, 3.5962, 3.4651, 3.2945, 3.1231]
GOLDEN_MTP = [4.1824, 4.0715, 3.966, 3.8275, 3.7513, 3.5214, 3.3188, 3.0935]


def test_what_a_line_says(tmp_path: Path) -> None:
    run(tiny_config(steps=2), tmp_path)
    line = read(tmp_path)[-1]
    assert (line["kind"], line["step"], line["rows"], line["tokens"]) == ("train", 2, 4, 256)
    assert list(line["loads"]) == ["layers.1.mlp.router", "mtp.0.block.mlp.router"]
    assert sum(line["loads"]["layers.1.mlp.router"]) == 2 * 4 * 32  # two experts for every token
    assert 0 <= line["mtp_acceptance"] <= 1
    assert 0 < line["router_entropy"] <= 1
    assert line["gradient_norm"] > 0
    assert line["tokens_per_second"] > 0


def test_micro_batches_change_nothing_but_memory(tmp_path: Path) -> None:
    whole = run(tiny_config(steps=3), tmp_path / "whole")
    cut = run(tiny_config(steps=3, batch=BatchConfig(rows=4, length=32, micro_rows=1)), tmp_path / "cut")
    assert [line["loss"] for line in read(tmp_path / "cut")] == pytest.approx(
        [line["loss"] for line in read(tmp_path / "whole")], rel=1e-4
    )
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(weight, cut.model.state_dict()[name], atol=2e-3, rtol=0)


def test_a_batch_ramps_up(tmp_path: Path) -> None:
    config = tiny_config(steps=4, batch=BatchConfig(rows=4, length=32, ramp_from=1, ramp_until=0.75))
    run(config, tmp_path)
    assert [line["rows"] for line in read(tmp_path)] == [1, 2, 3, 4]


def test_the_mtp_weight_follows_its_schedule(tmp_path: Path) -> None:
    loss = LossConfig(mtp=((0.0, 0.3), (0.5, 0.0)))
    run(tiny_config(steps=4, loss=loss), tmp_path)
    assert [line["mtp_loss"] is None for line in read(tmp_path)] == [False, False, True, True]


def test_the_bias_stays_outside_the_gradient(tmp_path: Path) -> None:
    loop = run(tiny_config(steps=2), tmp_path)
    biases = [value for name, value in loop.model.state_dict().items() if name.endswith("router.bias")]
    assert all(set((bias * 1000).round().int().tolist()) <= {-2, -1, 0, 1, 2} for bias in biases)
    assert all(bias.abs().max() > 0 for bias in biases)


def test_bfloat16_products_learn_as_well(tmp_path: Path) -> None:
    loop = run(tiny_config(precision="bfloat16"), tmp_path)
    losses = [line["loss"] for line in read(tmp_path)]
    assert losses == pytest.approx(GOLDEN, abs=0.1)
    assert {parameter.dtype for parameter in loop.model.parameters()} == {torch.float32}


def test_the_average_is_kept(tmp_path: Path) -> None:
    loop = run(tiny_config(steps=3, optim=OPTIM.model_copy(update={"ema": 0.9})), tmp_path, store=Store(tmp_path))
    assert loop.ema is not None
    assert loop.ema.updates == 3
    saved = Store(tmp_path).latest()
    assert saved is not None
    assert torch.equal(saved.read()["ema"]["average"]["norm.weight"], loop.ema.average["norm.weight"])


@pytest.mark.parametrize("ema", [None, 0.9])
def test_a_resumed_run_is_bit_identical(tmp_path: Path, ema: float | None) -> None:
    config = tiny_config(steps=6, optim=OPTIM.model_copy(update={"ema": ema}))
    straight = run(config, tmp_path / "straight")

    asked = iter([False, False, False, False, True])  # stops after update 4; the checkpoint follows
    run(config, tmp_path / "cut", store=Store(tmp_path / "cut"), stopping=lambda: next(asked))
    saved = Store(tmp_path / "cut").latest()
    assert saved is not None
    assert saved.step == 4

    torch.manual_seed(99)
    model, source = tiny(config.model_copy(update={"seed": 5}))
    resumed = Loop(model, config, tiny(config)[1], 6)
    del source
    spent = resumed.resume(saved)
    assert spent >= 0
    resumed.run(Recorder(tmp_path / "cut", step=resumed.step, spent=spent))
    for name, weight in straight.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name
    assert [line["loss"] for line in read(tmp_path / "cut")] == [line["loss"] for line in read(tmp_path / "straight")]


def test_time_ends_a_run(tmp_path: Path) -> None:
    config = tiny_config(max_minutes=1)
    model, source = tiny(config)
    ticks = iter(range(0, 10_000, 20))
    loop = Loop(model, config, source, 8)
    loop.run(Recorder(tmp_path, clock=lambda: float(next(ticks))))
    assert 0 < loop.step < 8


def test_by_minutes_the_schedule_follows_the_clock(tmp_path: Path) -> None:
    schedule = ScheduleConfig(kind="linear")
    config = tiny_config(steps=None, minutes=2, optim=OPTIM.model_copy(update={"schedule": schedule}))
    model, source = tiny(config)
    ticks = iter(range(10_000))
    loop = Loop(model, config, source, None)
    loop.run(Recorder(tmp_path, clock=lambda: float(next(ticks))))
    lines = [line for line in read(tmp_path) if line["kind"] == "train"]
    factors = [line["lr_factor"] for line in lines]
    assert factors[0] == pytest.approx(1)
    assert factors[len(factors) // 2] == pytest.approx(0.5, abs=0.1)
    assert factors[-1] < 0.1
    assert lines[-1]["seconds"] == pytest.approx(120, abs=10)
    total = loop.total
    assert loop.is_finished(121)
    assert not loop.is_finished(1)
    assert loop.total == total  # asking changes nothing


class Poisoned:
    """Batches whose third holds a token that breaks the model."""

    def __init__(self, inner: Any, damage: Any) -> None:
        self._inner = inner
        self._damage = damage
        self._taken = 0

    def take(self, batch_size: int) -> Batch:
        self._taken += 1
        if self._taken == 3:
            self._damage()
        return self._inner.take(batch_size)

    def state_dict(self) -> dict[str, Any]:
        return self._inner.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._inner.load_state_dict(state)


def diverging(tmp_path: Path, name: str, value: float, **changes: Any) -> str:
    config = tiny_config(**changes)
    model, source = tiny(config)

    def damage() -> None:
        with torch.no_grad():
            model.get_parameter(name).view(-1)[5:] = value

    store = Store(tmp_path)
    loop = Loop(model, config, Poisoned(source, damage), 8, store=store)
    with pytest.raises(DivergedError) as error:
        loop.run(Recorder(tmp_path))
    return str(error.value)


def test_a_non_finite_value_stops_the_run_and_is_located(tmp_path: Path) -> None:
    changes = {"checkpoint": {"every": 2, "keep": 1}}
    message = diverging(tmp_path, "layers.1.mlp.experts.up", math.nan, **changes)
    assert "training diverged in update 3: the loss is nan; it begins in the weight layers.1.mlp.experts.up" in message
    assert "the checkpoint of step 2 is good" in message
    saved = Store(tmp_path).latest()
    assert saved is not None
    assert all(tensor.isfinite().all() for tensor in saved.read()["model"].values())


def test_an_overflow_is_traced_to_the_part_that_overflows(tmp_path: Path) -> None:
    message = diverging(tmp_path, "layers.0.mlp.up.weight", 3e38)
    assert "it begins in the output of layers.0.mlp.up" in message
    assert "there is no checkpoint yet" in message


def test_a_spike_stops_the_run(tmp_path: Path) -> None:
    config = tiny_config(guard={"window": 2, "spike": 0.5})
    model, source = tiny(config)

    def damage() -> None:
        assert model.head is not None
        with torch.no_grad():
            model.head.weight.mul_(-300)

    loop = Loop(model, config, Poisoned(source, damage), 8)
    with pytest.raises(DivergedError, match=r"update 3: the loss jumped to .*; the steepest is the gradient of "):
        loop.run(Recorder(tmp_path))


def test_a_broken_gradient_moves_no_weight(tmp_path: Path) -> None:
    config = tiny_config()
    model, source = tiny(config)
    model.norm.weight.register_hook(lambda gradient: gradient * math.inf)
    loop = Loop(model, config, source, 8)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(
        DivergedError, match=r"the norm of the gradient is .*; it begins in the gradient of norm.weight"
    ):
        loop.update(Balance(model))
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        run(tiny_config(), tmp_path, store=Store(tmp_path))
