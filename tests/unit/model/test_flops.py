from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from fathom.model import flops
from fathom.model.config import ModelConfig
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer


@pytest.mark.parametrize(("name", "gigaflops"), [("deepseek-v3", "250"), ("deepseek-v2", "155")])
def test_published_training_cost(name: str, gigaflops: str) -> None:
    """GFLOPs per token at 4096 tokens, without MTP (arXiv 2505.09343, table 2)."""
    config = PRESETS[name].model_copy(update={"num_mtp_layers": 0})
    assert f"{flops.training(config, 4096) / 1e9:.0f}" == gigaflops


def test_mtp_costs_a_projection_a_layer_and_a_head() -> None:
    config = PRESETS["deepseek-v3"]
    fewer = config.model_copy(update={"num_layers": 60})
    layer = flops.training(config, 4096) - flops.training(fewer, 4096)
    mtp = flops.training(config, 4096) - flops.training(config.model_copy(update={"num_mtp_layers": 0}), 4096)
    assert mtp - layer == pytest.approx(6 * (2 * 7168 * 7168 + 129_280 * 7168))


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen2", "tiny-qwen3", "tiny-deepseek-v3", "tiny-deepseek-v2"])
def test_matrix_products_equal_those_that_run(name: str) -> None:
    """Against torch's own counter, attention scores apart: it counts their fused kernel in full, not causally."""
    config = PRESETS[name].model_copy(update={"num_mtp_layers": 0})
    model = Transformer(config)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 8, dtype=torch.long))
    total = counter.get_total_flops()
    scores = sum(
        count for operator, count in counter.get_flop_counts()["Global"].items() if "attention" in str(operator)
    )
    assert 8 * products(config) == total - scores


def products(config: ModelConfig) -> float:
    """Forward FLOPs per token outside of attention scores: what remains of decoding at no context."""
    return flops.decoding(config, 0)


def test_attention_grows_with_the_context() -> None:
    config = PRESETS["deepseek-v3"]
    per_key = flops.decoding(config, 101) - flops.decoding(config, 100)
    assert per_key == pytest.approx(61 * 2 * 128 * (576 + 512))
    dense = PRESETS["r1-distill-llama-8b"]
    assert flops.decoding(dense, 101) - flops.decoding(dense, 100) == pytest.approx(32 * 2 * 32 * 256)
