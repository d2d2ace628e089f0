"""Whole GGUF models: what is saved loads equal, older layouts load too, and packed blocks are those of the weights."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import tiny_model

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.dequantize import dequantize
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import Pending, write_gguf
from fathom.checkpoint.load import load
from fathom.model.config import MLAConfig
from fathom.model.transformer import Transformer


def read(path: Path) -> Transformer:
    file = GGUFModel(path)
    model = Transformer(file.model_config).requires_grad_(False)
    load(model, file.weights, file.table, where=path)
    return model


@pytest.mark.parametrize("name", ["tiny-deepseek-v2-lite", "tiny-deepseek-v3"])
def test_older_files_with_the_whole_kv_up_load(name: str, tmp_path: Path) -> None:
    """Their plain lengths are those of a head, and their key heads are counted one by one."""
    model = tiny_model(name)
    mla = model.config.attention
    assert isinstance(mla, MLAConfig)
    save_gguf(tmp_path / "new.gguf", model, {}, block_type=BlockType.F32)
    new = GGUFReader(tmp_path / "new.gguf")
    kept = {n: t for n, t in new.tensors.items() if not re.search(r"attn_[kv]_b", n)}
    pending = [pend(n, dequantize(t.data, t.type).reshape(t.shape)) for n, t in kept.items()]
    wholes = [tensor.numpy() for key, tensor in model.state_dict().items() if key.endswith("kv_up.weight")]
    pending += [pend(f"blk.{block}.attn_kv_b.weight", whole) for block, whole in enumerate(wholes)]
    metadata = {key: value for key, value in new.metadata.items() if not key.endswith("_mla")} | {
        "deepseek2.attention.key_length": mla.qk_head_dim,
        "deepseek2.attention.value_length": mla.v_head_dim,
        "deepseek2.attention.head_count_kv": mla.num_heads,
    }
    write_gguf(tmp_path / "old.gguf", metadata, pending)

    again = read(tmp_path / "old.gguf")

    assert again.config == model.config
    assert all(torch.equal(again.state_dict()[key], tensor) for key, tensor in model.state_dict().items())


def pend(name: str, numbers: Any) -> Pending:
    return Pending(name, numbers.shape, BlockType.F32, lambda: np.ascontiguousarray(numbers))


def test_half_a_kv_up_is_missing_its_other_half(tmp_path: Path) -> None:
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-deepseek-v2-lite"), {}, block_type=BlockType.F32)
    whole = GGUFReader(tmp_path / "m.gguf")
    kept = [t for n, t in whole.tensors.items() if n != "blk.1.attn_v_b.weight"]
    pending = [pend(t.name, dequantize(t.data, t.type).reshape(t.shape)) for t in kept]
    write_gguf(tmp_path / "half.gguf", whole.metadata, pending)
    with pytest.raises(CheckpointError, match=r"1 missing: blk.1.attn_v_b.weight; use the configuration"):
        read(tmp_path / "half.gguf")


@pytest.mark.parametrize("block_type", [BlockType.Q8_0, BlockType.Q4_0, BlockType.Q4_1], ids=lambda t: t.name)
def test_packed_blocks_are_those_of_the_weights_in_our_order(block_type: BlockType, tmp_path: Path) -> None:
    model = tiny_model("tiny-llama")
    save_gguf(tmp_path / "m.gguf", model, {}, block_type=block_type)
    file, loaded = GGUFModel(tmp_path / "m.gguf"), read(tmp_path / "m.gguf").state_dict()

    for name in ("layers.0.attention.q_proj.weight", "layers.1.attention.k_proj.weight", "layers.1.mlp.down.weight"):
        packed = file.quantized_blocks(name, {name: len(loaded[name])})
        assert packed is not None
        assert packed.type is block_type
        assert packed.rows.shape[0] == loaded[name].shape[0]
        assert torch.equal(torch.from_numpy(dequantize(packed.data, packed.type)).view(packed.shape), loaded[name])
    embedding = file.quantized_blocks("embed.weight", {})
    assert embedding is not None
    assert embedding.type is BlockType.Q8_0


def test_packed_blocks_of_a_fused_tensor_are_the_rows_of_each_parameter(tmp_path: Path) -> None:
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-phi3"), {}, block_type=BlockType.Q8_0)
    file, loaded = GGUFModel(tmp_path / "m.gguf"), read(tmp_path / "m.gguf").state_dict()
    rows = {name: len(tensor) for name, tensor in loaded.items()}
    assert "blk.1.attn_qkv.weight" in file.weights.tensors
    for name in ("attention.q_proj", "attention.k_proj", "attention.v_proj", "mlp.gate", "mlp.up"):
        packed = file.quantized_blocks(f"layers.1.{name}.weight", rows)
        assert packed is not None
        numbers = torch.from_numpy(dequantize(packed.data, packed.type)).view(packed.shape)
        assert torch.equal(numbers, loaded[f"layers.1.{name}.weight"])


def test_a_split_model_opens_by_any_part(tmp_path: Path) -> None:
    model = tiny_model("tiny-qwen2")
    save_gguf(tmp_path / "whole.gguf", model, {}, block_type=BlockType.F32)
    whole = GGUFReader(tmp_path / "whole.gguf")
    tensors = [pend(t.name, dequantize(t.data, t.type).reshape(t.shape)) for t in whole.tensors.values()]
    parts = [tmp_path / f"m-0000{n}-of-00002.gguf" for n in (1, 2)]
    write_gguf(parts[0], whole.metadata | {"split.count": 2, "split.no": 0}, tensors[:5])
    write_gguf(parts[1], {"split.count": 2, "split.no": 1}, tensors[5:])

    for part in parts:
        assert torch.equal(read(part).embed.weight, model.embed.weight)
    parts[1].unlink()
    with pytest.raises(CheckpointError, match=r"lacks 1 parts: m-00002-of-00002.gguf; download them as well"):
        GGUFModel(parts[0])
