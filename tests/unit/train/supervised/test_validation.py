from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from tiny_runs import counting, tiny, tiny_config

from fathom.train.run.metrics import Recorder, read
from fathom.train.supervised.loop import Loop
from fathom.train.supervised.validation import validate


@pytest.mark.parametrize("rows", [1, 4, 1000])
def test_the_loss_over_everything_is_the_same_in_any_batches(rows: int) -> None:
    model, _ = tiny(tiny_config())
    assert model.head is not None
    torch.nn.init.zeros_(model.head.weight)
    before = torch.get_rng_state()
    found = validate(model.train(), counting(), rows, apart=True, autocast=nullcontext())
    assert found["validation_loss"] == pytest.approx(math.log(64))
    assert found["perplexity"] == pytest.approx(64)
    assert found["validation_mtp_loss"] == pytest.approx(math.log(64))
    assert found["counted"] == sum(4 + start % 7 for start in range(100))
    assert model.training
    assert torch.equal(torch.get_rng_state(), before)


def test_validation_in_a_run_changes_no_weight(tmp_path: Path) -> None:
    config = tiny_config(steps=5, validate_every=2)
    weights = []
    for validation in (counting(), None):
        model, source = tiny(config)
        Loop(model, config, source, 5, validation=validation).run(Recorder(tmp_path / str(validation is None)))
        weights.append(model.state_dict())
    lines = [line for line in read(tmp_path / "False") if line["kind"] == "validation"]
    assert [line["step"] for line in lines] == [2, 4, 5]
    assert lines[-1]["validation_loss"] < lines[0]["validation_loss"]
    assert all(torch.equal(weight, weights[1][name]) for name, weight in weights[0].items())
