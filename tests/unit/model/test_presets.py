from __future__ import annotations

import pytest
import torch

from fathom.base.errors import ModelNotFoundError
from fathom.model.presets import PRESETS, preset
from fathom.model.transformer import Transformer


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ModelNotFoundError, match=r"no preset 'deepseek-v9'.*deepseek-v3, "):
        preset("deepseek-v9")
    assert preset("deepseek-v3") is PRESETS["deepseek-v3"]


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("tiny-")])
def test_tiny_presets_learn(name: str) -> None:
    """A few steps on one batch bring the loss down: every part passes gradients on."""
    torch.manual_seed(0)
    model = Transformer(PRESETS[name])
    tokens = torch.randint(512, (2, 12))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        logits = model(tokens[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(6.24, abs=0.2)  # ln 512
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("name", [name for name in PRESETS if not name.startswith("tiny-")])
def test_official_presets_build_on_the_meta_device(name: str) -> None:
    with torch.device("meta"):
        model = Transformer(PRESETS[name])
    assert len(model.layers) == PRESETS[name].num_layers
    assert all(parameter.is_meta for parameter in model.parameters())
