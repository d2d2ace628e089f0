"""Supervised fine-tuning on conversations of one's own."""

from __future__ import annotations

import pytest

from fathom.recipes.pretrain import pretrain
from fathom.recipes.sft import sft
from fathom.train.supervised.extent import measure_extent


def test_it_starts_where_pretraining_exports() -> None:
    assert sft().start == f"runs/{pretrain().name}/final"


def test_epochs_at_a_falling_rate_as_r1s() -> None:
    """arXiv:2501.12948, section 2.3.3."""
    config = sft()
    assert config.epochs == 3
    assert config.optim.schedule.kind == "cosine"
    assert config.optimizers.adamw.lr == pytest.approx(5e-5)


@pytest.mark.parametrize("rows", [1, 9, 300, 100_000])
def test_its_rate_reaches_the_peak_however_few_the_data(rows: int) -> None:
    config = sft()
    extent = measure_extent(config, rows, 1024)
    assert extent.updates is not None
    assert max(config.optim.schedule.factor(step, extent.updates) for step in range(extent.updates)) == 1.0
    assert extent.updates >= min(100, 3 * rows)
