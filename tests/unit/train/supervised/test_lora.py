from __future__ import annotations

import pytest
import torch
from tiny_runs import tiny_model

from fathom.base.errors import ConfigError
from fathom.model.transformer import Transformer
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.optim.optimizers import build_optimizers
from fathom.train.supervised.config import LoRAConfig
from fathom.train.supervised.lora import Directed, LowRank, adapt, cached_weights, merge

TOKENS = torch.arange(12)[None]


def model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(tiny_model())


@pytest.mark.parametrize("dora", [False, True])
def test_adapters_begin_as_the_identity_and_merge_exactly(dora: bool) -> None:
    adapted = model()
    before = adapted(TOKENS)
    names = list(adapted.state_dict())
    adapt(adapted, LoRAConfig(rank=4, dora=dora))
    torch.testing.assert_close(adapted(TOKENS), before)

    optimizers = build_optimizers(adapted, OptimConfig(adamw=AdamWConfig(lr=0.02)))
    for _ in range(3):
        optimizers.zero_grad()
        adapted(TOKENS).square().mean().backward()
        optimizers.step()
    after = adapted(TOKENS)
    assert (after - before).abs().max() > 0.01
    merge(adapted)
    assert list(adapted.state_dict()) == names
    torch.testing.assert_close(adapted(TOKENS), after)


def test_only_the_adapters_are_trained() -> None:
    adapted = model()
    adapt(adapted, LoRAConfig(rank=2, targets=("q_up", "down")))
    learning = [name for name, parameter in adapted.named_parameters() if parameter.requires_grad]
    assert {name.rpartition(".")[2] for name in learning} == {"a", "b"}
    assert {name.split(".parametrizations")[0].rpartition(".")[2] for name in learning} == {"q_up", "down"}


def test_layers_have_their_names_in_transformers_too() -> None:
    adapted = model()
    layers = adapt(adapted, LoRAConfig(rank=2, targets=("q_b_proj", "down_proj", "up")))
    assert {name.rpartition(".")[2] for name in layers} == {"q_up", "down", "up"}


def test_lora_by_hand() -> None:
    update = LowRank(torch.zeros(2, 3), rank=1, scale=2.0)
    with torch.no_grad():
        update.a.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
        update.b.copy_(torch.tensor([[1.0], [-1.0]]))
    assert update(torch.ones(2, 3)).tolist() == [[3.0, 5.0, 7.0], [-1.0, -3.0, -5.0]]


def test_dora_by_hand() -> None:
    """The row (3, 4) has length 5; an update of (0, -4) turns it to (3, 0), and its length stays what m says."""
    weight = torch.tensor([[3.0, 4.0]])
    update = Directed(weight, rank=1, scale=1.0)
    with torch.no_grad():
        update.a.copy_(torch.tensor([[0.0, -4.0]]))
        update.b.fill_(1.0)
    torch.testing.assert_close(update(weight), torch.tensor([[5.0, 0.0]]))


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no linear layer is called q_prj; choose among .*, q_up, up"):
        adapt(model(), LoRAConfig(targets=("q_prj",)))


def test_every_unknown_target_is_named() -> None:
    """Attention alone would be adapted in silence, where the list is that of another family."""
    untouched = model()
    with pytest.raises(ConfigError, match=r"no linear layer is called k_proj, q_proj; choose among"):
        adapt(untouched, LoRAConfig(targets=("q_proj", "k_proj", "o_proj", "down_proj")))
    assert all(parameter.requires_grad for parameter in untouched.parameters())


def test_weights_are_formed_once_where_they_are_cached() -> None:
    adapted = model()
    (first, *_) = adapt(adapted, LoRAConfig(rank=2, targets=("o_proj",)))
    layer = adapted.get_submodule(first)
    with torch.no_grad():
        assert layer.weight is not layer.weight
        with cached_weights():
            assert layer.weight is layer.weight
        layer.parametrizations.weight[0].b.fill_(1.0)
        with cached_weights():
            assert not torch.equal(layer.weight, layer.parametrizations.weight.original)
