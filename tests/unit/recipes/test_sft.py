"""Supervised fine-tuning on conversations of one's own."""

from __future__ import annotations

import pytest

from fathom.recipes.pretrain import pretrain
from fathom.recipes.sft import sft


def test_it_starts_where_pretraining_exports() -> None:
    assert sft().start == f"runs/{pretrain().name}/final"


def test_two_epochs_at_a_falling_rate_as_r1s() -> None:
    """arXiv:2501.12948, section 2.3.3."""
    config = sft()
    assert config.epochs == 2
    assert config.optim.schedule.kind == "cosine"
    assert config.optim.adamw is not None
    assert config.optim.adamw.lr == pytest.approx(5e-5)
