from __future__ import annotations

import pytest
import torch

from fathom.model.causal import CausalContext
from fathom.model.init import initialize
from fathom.model.moe import MoE
from fathom.model.mtp import MTPModule
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope
from fathom.model.transformer import Transformer

CONFIG = PRESETS["tiny-deepseek-v3"]


def test_the_formula() -> None:
    module = MTPModule(CONFIG, layer=3)
    initialize(module, 0.1, torch.Generator().manual_seed(0))
    with torch.no_grad():
        module.embed_norm.weight.fill_(2.0)
        module.hidden_norm.weight.fill_(3.0)
    hidden, embedded = torch.randn(2, 1, 4, 128, generator=torch.Generator().manual_seed(1)).unbind()
    rotation = Rope(CONFIG.rope, 32).rotation(torch.arange(4)[None])

    def unit(x: torch.Tensor) -> torch.Tensor:
        return x / x.square().mean(-1, keepdim=True).sqrt()

    joined = torch.cat((2 * unit(embedded), 3 * unit(hidden)), -1) @ module.proj.weight.T
    expected = unit(module.block(joined, rotation, CausalContext()))
    out = module(hidden, embedded, rotation, CausalContext())
    torch.testing.assert_close(out, expected, atol=1e-4, rtol=1e-4)


def test_its_block_routes_and_has_a_layer_of_its_own() -> None:
    model = Transformer(CONFIG.model_copy(update={"num_mtp_layers": 2}))
    assert [module.block.attention.layer for module in model.mtp] == [3, 4]
    assert all(isinstance(module.block.mlp, MoE) for module in model.mtp)
    assert not any("embed.weight" in name or "head" in name for name in model.mtp.state_dict())


def test_the_loss_of_a_module_reaches_the_main_model() -> None:
    model = Transformer(CONFIG)
    tokens = torch.randint(512, (1, 9), generator=torch.Generator().manual_seed(1))
    hidden = model.mtp_hidden_states(0, model.hidden_states(tokens[:, :-1]), tokens[:, 1:])
    model.logits(hidden).logsumexp(-1).sum().backward()
    for name in ("embed.weight", "layers.0.mlp.down.weight", "head.weight", "mtp.0.proj.weight"):
        gradient = model.get_parameter(name).grad
        assert gradient is not None
        assert gradient.abs().max() > 0, name


@torch.no_grad()
def test_a_module_sees_no_token_beyond_its_own() -> None:
    model = Transformer(CONFIG)
    initialize(model, 0.1, torch.Generator().manual_seed(0))
    tokens = torch.randint(512, (1, 9), generator=torch.Generator().manual_seed(1))
    other = tokens.clone()
    other[0, 6] = (other[0, 6] + 1) % 512

    def predictions(ids: torch.Tensor) -> torch.Tensor:
        return model.mtp_hidden_states(0, model.hidden_states(ids[:, :-1]), ids[:, 1:])

    changed = (predictions(tokens) - predictions(other)).abs().amax(-1)[0]
    assert changed[:5].max() < 1e-5  # rows 0-4 know tokens up to 5
    assert changed[5].item() > 0.01  # row 5 is told token 6


def test_a_dense_model_may_have_a_module() -> None:
    model = Transformer(PRESETS["tiny-qwen3"].model_copy(update={"num_mtp_layers": 1}))
    tokens = torch.zeros(1, 4, dtype=torch.long)
    assert model.mtp_hidden_states(0, model.hidden_states(tokens), tokens).shape == (1, 4, 128)
    with pytest.raises(IndexError):
        model.mtp_hidden_states(1, model.hidden_states(tokens), tokens)
