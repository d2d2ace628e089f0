"""What is saved as GGUF loads equal, MTP modules included."""

from pathlib import Path

import pytest
import torch
from tiny_models import TINY, tiny_config, tiny_model

from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.load import load
from fathom.model.families.registry import FAMILIES
from fathom.model.transformer import Transformer


def read(path: Path) -> Transformer:
    file = GGUFModel(path)
    model = Transformer(file.model_config).requires_grad_(False)
    load(model, file.weights, file.table, where=path)
    return model


@pytest.mark.parametrize("name", TINY)
def test_what_is_saved_loads_equal(name: str, tmp_path: Path) -> None:
    model = tiny_model(name)
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=BlockType.F32)

    again = read(tmp_path / "m.gguf")

    assert again.config == model.config.model_copy(update={"family": again.config.family})
    assert FAMILIES[again.config.family].gguf_architecture == FAMILIES[model.config.family].gguf_architecture
    for key, tensor in model.state_dict().items():
        added = model.config.norm_offset and key.endswith("norm.weight")  # the sum with one loses last bits
        bound = 3e-7 if added else 0.0
        torch.testing.assert_close(again.state_dict()[key], tensor, rtol=0, atol=bound, msg=key)


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen3"])
def test_attention_biases_are_saved(name: str, tmp_path: Path) -> None:
    """Llama's in rotary pairs, as its queries and keys."""
    attention = tiny_config(name).attention.model_copy(update={"qkv_bias": True, "o_bias": True})
    model = tiny_model(name, attention=attention)
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=BlockType.F32)
    again = read(tmp_path / "m.gguf")
    assert again.config == model.config
    assert all(torch.equal(again.state_dict()[key], tensor) for key, tensor in model.state_dict().items())


def test_mtp_modules_are_blocks_behind_the_last(tmp_path: Path) -> None:
    model = tiny_model("tiny-deepseek-v3", num_mtp_layers=2)
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=BlockType.F32)
    file = GGUFModel(tmp_path / "m.gguf")
    assert (file.metadata["deepseek2.block_count"], file.metadata["deepseek2.nextn_predict_layers"]) == (5, 2)
    further = {name.removeprefix("blk.4.") for name in file.weights.shapes if name.startswith("blk.4.")}
    assert {name for name in further if name.startswith("nextn.")} == {
        "nextn.enorm.weight",
        "nextn.hnorm.weight",
        "nextn.eh_proj.weight",
        "nextn.shared_head_norm.weight",
    }
    assert {"attn_norm.weight", "attn_k_b.weight", "ffn_gate_exps.weight", "exp_probs_b.bias"} <= further
    assert read(tmp_path / "m.gguf").config == model.config


def test_mtp_modules_may_be_left_out(tmp_path: Path) -> None:
    model = tiny_model("tiny-deepseek-v3")
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=BlockType.F32, mtp=False)
    again = read(tmp_path / "m.gguf")
    assert again.config == model.config.model_copy(update={"num_mtp_layers": 0})
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in again.state_dict().items())
