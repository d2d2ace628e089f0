from __future__ import annotations

import pytest
import torch

from fathom.model.init import initialize
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer


def test_every_matrix_has_the_standard_deviation_of_the_configuration() -> None:
    config = PRESETS["tiny-deepseek-v3"].model_copy(update={"init_std": 0.006})
    model = Transformer(config)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            assert parameter.std().item() == pytest.approx(0.006, rel=0.1), name
            assert abs(parameter.mean().item()) < 0.001, name
        else:
            assert torch.equal(parameter, torch.ones_like(parameter)), name


def test_norms_with_an_offset_begin_at_one_less() -> None:
    model = Transformer(PRESETS["tiny-gemma3"])
    norms = [p for name, p in model.named_parameters() if name.endswith("norm.weight")]
    assert len(norms) == 13
    assert all((norm == 0).all() for norm in norms)


def test_biases_are_zero() -> None:
    model = Transformer(PRESETS["tiny-qwen2"])
    biases = [p for name, p in model.named_parameters() if name.endswith("bias")]
    assert len(biases) == 6
    assert all((bias == 0).all() for bias in biases)
    routed = Transformer(PRESETS["tiny-deepseek-v3"])
    assert (routed.state_dict()["layers.1.mlp.router.bias"] == 0).all()


def test_a_seed_gives_the_same_weights() -> None:
    model = Transformer(PRESETS["tiny-deepseek-v3"])
    initialize(model, 0.02, torch.Generator().manual_seed(7))
    first = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    initialize(model, 0.02, torch.Generator().manual_seed(8))
    assert not torch.equal(model.embed.weight, first["embed.weight"])
    initialize(model, 0.02, torch.Generator().manual_seed(7))
    assert all(torch.equal(tensor, first[name]) for name, tensor in model.state_dict().items())
