from __future__ import annotations

from torch import nn

from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.optim.groups import group_parameters


def test_every_parameter_is_in_one_group() -> None:
    model = Transformer(preset("tiny-deepseek-v3"))
    groups = group_parameters(model)
    names = [name for kind in (groups.matrices, groups.embeddings, groups.vectors) for name, _ in kind]
    assert sorted(names) == sorted(name for name, _ in model.named_parameters())
    assert [name for name, _ in groups.embeddings] == ["embed.weight", "head.weight"]
    assert all(parameter.dim() == 1 for _, parameter in groups.vectors)
    assert {"layers.1.mlp.experts.gate", "layers.1.mlp.router.weight", "mtp.0.proj.weight"} <= {
        name for name, _ in groups.matrices
    }


def test_a_tied_head_is_the_embedding() -> None:
    assert [name for name, _ in group_parameters(Transformer(preset("tiny-llama"))).embeddings] == ["embed.weight"]


def test_frozen_parameters_are_left_out() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    groups = group_parameters(model)
    assert ([name for name, _ in groups.matrices], [name for name, _ in groups.vectors]) == (["1.weight"], ["1.bias"])
