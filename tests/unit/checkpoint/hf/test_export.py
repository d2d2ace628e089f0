"""What is saved as a directory loads equal, in one file and in shards."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_models import TINY, tiny_model

from fathom.base.errors import CheckpointError
from fathom.checkpoint.hf.directory import INDEX, HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.load import load
from fathom.model.transformer import Transformer
from fathom.text.conversation import CHATML
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer


def read(path: Path) -> Transformer:
    directory = HFDirectory(path)
    model = Transformer(directory.model_config).requires_grad_(False)
    load(model, directory.weights, directory.table, where=path)
    return model


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("shard_bytes", [10**9, 400_000], ids=["one file", "shards"])
def test_what_is_saved_loads_equal(name: str, shard_bytes: int, tmp_path: Path) -> None:
    model = tiny_model(name)
    save_directory(tmp_path, model, shard_bytes=shard_bytes)

    again = read(tmp_path)

    assert again.config == model.config
    for key, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key
    index = tmp_path / INDEX
    assert index.exists() == (len(list(tmp_path.glob("*.safetensors"))) > 1)
    if index.exists():
        total = sum(tensor.nbytes for tensor in model.state_dict().values())
        assert json.loads(index.read_text())["metadata"]["total_size"] == total


def test_every_token_that_ends_a_text_or_a_turn_is_named(tmp_path: Path) -> None:
    """Where they differ, as in Qwen2.5's base models, a program that knows one alone writes past the turn's end."""
    base = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b", "ab", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "tokenizer.ggml.token_type": [1, 1, 1, 3, 3, 3],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": 3,
    }
    tokenizer, template = Tokenizer.from_gguf(base), ChatTemplate(CHATML)
    save_directory(tmp_path, tiny_model("tiny-llama"), tokenizer=tokenizer, template=template, generation={"top_k": 3})
    said = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("config", "generation_config")}
    assert said["generation_config"] == {"bos_token_id": None, "eos_token_id": [3, 5], "top_k": 3}
    assert said["config"]["eos_token_id"] == [3, 5]
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["eos_token"] == "<|endoftext|>"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"cannot be written: Not a directory; free some space or choose another"):
        save_directory(tmp_path / "file" / "model", tiny_model("tiny-llama"))


def test_weights_are_converted_and_the_router_bias_is_not(tmp_path: Path) -> None:
    model = tiny_model("tiny-deepseek-v3")
    save_directory(tmp_path, model, dtype=torch.bfloat16)
    stored = load_file(tmp_path / "model.safetensors")

    assert stored["model.layers.1.mlp.gate.e_score_correction_bias"].dtype == torch.float32
    assert {tensor.dtype for name, tensor in stored.items() if "bias" not in name} == {torch.bfloat16}
    assert torch.equal(read(tmp_path).embed.weight, model.embed.weight.bfloat16().float())
