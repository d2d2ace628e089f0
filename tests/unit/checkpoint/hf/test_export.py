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
