"""Matching stored weights with a model: every misfit is listed, and values that are not finite are refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import tiny_model

from fathom.base.errors import CheckpointError
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.load import load
from fathom.model.transformer import Transformer


def read(path: Path) -> Transformer:
    directory = HFDirectory(path)
    model = Transformer(directory.model_config).requires_grad_(False)
    load(model, directory.weights, directory.table, where=path)
    return model


def test_everything_that_does_not_fit_is_listed(tmp_path: Path) -> None:
    save_directory(tmp_path, tiny_model("tiny-llama"))
    stored = load_file(tmp_path / "model.safetensors")
    del stored["model.norm.weight"], stored["model.layers.1.mlp.up_proj.weight"]
    stored["model.norm.bias"] = torch.zeros(4)
    stored["model.layers.9.mlp.up_proj.weight"] = torch.zeros(4)
    stored["model.embed_tokens.weight"] = torch.zeros(3, 4)
    stored["model.layers.0.input_layernorm.weight"] = torch.zeros(5)
    save_file(stored, tmp_path / "model.safetensors")

    with pytest.raises(CheckpointError) as caught:
        read(tmp_path)

    assert "2 missing: " in caught.value.message
    for name in ("model.norm.weight", "model.layers.1.mlp.up_proj.weight"):
        assert name in caught.value.message
    assert "2 unexpected: " in caught.value.message
    assert "model.norm.bias" in caught.value.message
    assert "2 of the wrong shape: " in caught.value.message
    assert "model.layers.0.input_layernorm.weight is 5 instead of 128" in caught.value.message
    assert caught.value.remedy.startswith("use the configuration that belongs to these weights")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(value: float, tmp_path: Path) -> None:
    model = tiny_model("tiny-llama")
    model.norm.weight[3] = value
    save_directory(tmp_path, model)
    with pytest.raises(
        CheckpointError, match=r"NaN or infinity in 1 tensors: model.norm.weight; the checkpoint is dam"
    ):
        read(tmp_path)
