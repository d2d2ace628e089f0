"""Validation: the loss on held-out text."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch

from fathom.base.distributed import ALONE, World
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.loader import Loader
from fathom.model.transformer import Transformer
from fathom.train.supervised.losses import losses


@torch.no_grad()
def validate(
    model: Transformer,
    rows: PackedDataset,
    batch_rows: int,
    *,
    apart: bool,
    autocast: AbstractContextManager[Any],
    world: World = ALONE,
) -> dict[str, float]:
    """Mean losses over every row, nats a target; ``perplexity`` is e to the loss. Draws nothing at random. ``world``
    shares the work.
    """
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    main = mtp = 0.0
    counted = ahead = 0.0
    with autocast:
        for batch in Loader(rows, batch_rows * world.size, epochs=1, shuffle=False, rank=world.rank, world=world.size):
            sums = losses(model, batch.to(device), mtp=len(model.mtp) > 0, apart=apart)
            main, counted = main + float(sums.main), counted + sums.count
            if sums.mtp:
                mtp, ahead = mtp + float(sums.mtp[0]), ahead + sums.mtp_counts[0]
    model.train(training)
    main, counted, mtp, ahead = world.sums([main, counted, mtp, ahead])
    loss = main / max(1, counted)
    shown = {"validation_loss": loss, "perplexity": float(torch.tensor(loss).exp()), "counted": counted}
    return shown | ({"validation_mtp_loss": mtp / max(1, ahead)} if ahead else {})
