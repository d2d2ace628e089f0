from __future__ import annotations

import pytest
import torch
from tiny_runs import tiny, tiny_config

from fathom.model.transformer import Transformer
from fathom.train.components.balance import Balance
from fathom.train.components.recompute import Recompute, recompute, undo_recompute
from fathom.train.supervised.loop import Loop


def trained(what: Recompute) -> tuple[Transformer, list[int]]:
    config = tiny_config()
    model, source = tiny(config)
    recompute(model, what)
    balance = Balance(model)
    loop = Loop(model, config, source, 8)
    counted = []
    for _ in range(2):
        update = loop.update(balance, statistics=True)
        assert update.loads is not None
        counted += [sum(loads) for loads in update.loads.loads.values()]
    return model, counted


@pytest.mark.parametrize("what", ["norms", "blocks"])
def test_it_changes_no_weight_and_counts_no_token_twice(what: Recompute) -> None:
    plain, counted = trained("none")
    again, counted_again = trained(what)
    assert counted == counted_again == [2 * 4 * 32] * 4
    for name, weight in plain.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_what_is_recomputed() -> None:
    model, _ = tiny(tiny_config())
    assert recompute(model, "none") == 0
    assert recompute(model, "blocks") == 3  # two layers and the MTP module's
    undo_recompute(model)
    assert recompute(model, "norms") == 3 * 4 + 3 + 1 + 3 * 2  # norms of blocks, of MTP, the last; q_up and kv_up


def test_fewer_activations_are_kept() -> None:
    def kept(what: Recompute) -> int:
        model, _ = tiny(tiny_config())
        recompute(model, what)
        sizes: list[int] = []

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model(torch.arange(64)[None] % 60)
        return sum(sizes)

    assert kept("blocks") < kept("norms") < kept("none")
