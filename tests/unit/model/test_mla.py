from __future__ import annotations

from typing import Any

import pytest
import torch

from fathom.model.causal import CausalContext
from fathom.model.config import MLAConfig
from fathom.model.context import CacheSpec
from fathom.model.init import initialize
from fathom.model.mla import MLAttention
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope
from fathom.model.transformer import Transformer

BASE = PRESETS["tiny-deepseek-v3"]


def build(**changes: Any) -> Transformer:
    attention = MLAConfig.model_validate(BASE.attention.model_dump() | changes)
    model = Transformer(BASE.model_copy(update={"attention": attention}))
    initialize(model, 0.1, torch.Generator().manual_seed(0))
    return model


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"q_lora_rank": None},
        {"num_heads": 1},
        {"v_head_dim": 16},
        {"v_head_dim": 128},
        {"kv_lora_rank": 16, "qk_nope_head_dim": 24, "qk_rope_head_dim": 8},
    ],
    ids=str,
)
def test_absorbed_equals_naive(changes: dict[str, Any]) -> None:
    model = build(**changes)
    tokens = torch.randint(512, (2, 17), generator=torch.Generator().manual_seed(1))
    direction = torch.randn(2, 17, 512, generator=torch.Generator().manual_seed(2))
    parameters = [p for name, p in model.named_parameters() if not name.startswith("mtp.")]
    results = []
    for absorbed in (False, True):
        logits = model(tokens, context=CausalContext(absorbed=absorbed))
        gradients = torch.autograd.grad((logits * direction).mean(), parameters)
        results.append((logits, gradients))
    (naive, naive_gradients), (absorbed_logits, absorbed_gradients) = results
    torch.testing.assert_close(absorbed_logits, naive, atol=1e-4, rtol=1e-4)
    for ours, theirs in zip(absorbed_gradients, naive_gradients, strict=True):
        assert (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max() + 1e-9


class Spy:
    """Keeps what attention hands over, and answers with values."""

    def __init__(self, absorbed: bool) -> None:
        self.absorbed = absorbed
        self.seen: list[tuple[int, torch.Tensor, torch.Tensor, torch.Tensor, float]] = []

    def attend(self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
        self.seen.append((layer, q, k, v, scale))
        return v.expand(*q.shape[:3], -1)


@pytest.mark.parametrize("absorbed", [True, False])
def test_what_a_context_receives(absorbed: bool) -> None:
    config = PRESETS["tiny-deepseek-v3"]
    assert isinstance(config.attention, MLAConfig)
    attention = MLAttention(config, config.attention, layer=5)
    spy = Spy(absorbed)
    out = attention(torch.randn(2, 3, 128), Rope(config.rope, 32).rotation(torch.arange(3)[None]), spy)
    assert out.shape == (2, 3, 128)
    ((layer, q, k, v, scale),) = spy.seen
    spec = attention.cache_spec(absorbed)
    assert layer == 5
    assert scale == pytest.approx(64**-0.5 * (0.1 * torch.tensor(8.0).log().item() + 1) ** 2)
    assert k.shape == (2, 3, spec.num_kv_heads, spec.key_dim)
    assert v.shape == (2, 3, spec.num_kv_heads, spec.value_dim)
    assert q.shape == (2, 3, 4, spec.key_dim)
    if absorbed:
        assert spec == CacheSpec(num_kv_heads=1, key_dim=96, value_dim=64, value_in_key=True)
        assert v.data_ptr() == k.data_ptr()
    else:
        assert spec == CacheSpec(num_kv_heads=4, key_dim=64, value_dim=32)


def test_folded_weights_may_replace_the_views() -> None:
    model = build()
    tokens = torch.randint(512, (1, 5), generator=torch.Generator().manual_seed(1))
    expected = model(tokens)
    for layer in model.layers:
        folded = tuple(weight.detach().clone().contiguous() for weight in layer.attention.absorbed_weights())
        layer.attention.absorbed_weights = lambda folded=folded: folded
        layer.attention.kv_up = None
    torch.testing.assert_close(model(tokens, context=CausalContext(absorbed=True)), expected, atol=1e-4, rtol=1e-4)
