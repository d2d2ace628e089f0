"""A new dense family is one declaration: "nova" goes through a directory and a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from family_keys import GGUFValues
from tiny_models import VOCABULARY, tiny_config, write_tokenizer

from fathom.base.errors import ConfigError
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.vocabulary import vocabulary_from_directory
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.load import Weights, load
from fathom.checkpoint.names import NameTable
from fathom.model.config import GQAConfig, ModelConfig, SlidingWindow
from fathom.model.families.gqa import dense_family
from fathom.model.families.registry import FAMILIES
from fathom.model.transformer import Transformer
from fathom.text.tokenizer.tokenizer import Tokenizer

NOVA = dense_family(
    "nova",
    hf_architecture="NovaForCausalLM",
    hf_constants={"attention_bias": False},
    qkv_bias=True,
    qk_norm=True,
    dialect="chatml",
    pre_tokenizer="qwen2",
)


@pytest.fixture
def nova(monkeypatch: pytest.MonkeyPatch) -> Transformer:
    monkeypatch.setitem(FAMILIES, NOVA.name, NOVA)
    config = ModelConfig(
        family="nova",
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_layers=2,
        max_position=64,
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=16, qkv_bias=True, qk_norm=True),
    )
    torch.manual_seed(0)
    model = Transformer(config).eval().requires_grad_(False)
    for tensor in model.state_dict().values():
        tensor.normal_(0, 0.5)
    return model


def assert_loads(weights: Weights, table: NameTable, config: ModelConfig, expected: Transformer) -> None:
    model = Transformer(config).requires_grad_(False)
    load(model, weights, table, where="a test")
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


def test_a_new_family_goes_through_a_directory_and_a_gguf_file(nova: Transformer, tmp_path: Path) -> None:
    write_tokenizer(tmp_path, "qwen2")
    save_directory(tmp_path, nova, tokenizer=Tokenizer.from_directory(tmp_path))
    written = json.loads((tmp_path / "config.json").read_text())
    assert (written["architectures"], written["model_type"]) == (["NovaForCausalLM"], "nova")

    directory = HFDirectory(tmp_path)
    assert directory.model_config == nova.config
    assert_loads(directory.weights, directory.table, directory.model_config, nova)

    path = tmp_path / "nova.gguf"
    vocabulary = vocabulary_from_directory(tmp_path, VOCABULARY)
    save_gguf(path, nova, vocabulary, block_type=BlockType.F32)
    file = GGUFModel(path)
    assert file.metadata["general.architecture"] == "nova"
    assert file.metadata["tokenizer.ggml.pre"] == NOVA.pre_tokenizer
    assert file.model_config == nova.config
    assert_loads(file.weights, file.table, file.model_config, nova)


def test_where_llama_cpp_knows_no_window_none_is_read_or_written() -> None:
    family, config = FAMILIES["qwen2"], tiny_config("tiny-qwen2", window=SlidingWindow(size=9, layers=(1,)))
    with pytest.raises(ConfigError, match="architecture qwen2 has no window of 9 tokens; save a directory instead"):
        family.write_gguf(config)
    written = family.write_gguf(config.model_copy(update={"max_position": 9}))
    assert not any("window" in key for key in written)
    sizes = {"embedding_length": 128, "attention.head_count": 4}
    assert "window" not in family.read_gguf(GGUFValues(**sizes, **written, attention__sliding_window=9))
