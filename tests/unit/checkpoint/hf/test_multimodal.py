"""The text part of a model of text and images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import tiny_model

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.hf.multimodal import text_config, text_name
from fathom.checkpoint.load import load
from fathom.model.transformer import Transformer


@pytest.mark.parametrize(
    ("stored", "name"),
    [
        ("language_model.model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"),
        ("model.language_model.embed_tokens.weight", "model.embed_tokens.weight"),
        ("language_model.lm_head.weight", "lm_head.weight"),
        ("lm_head.weight", "lm_head.weight"),
        ("vision_tower.vision_model.embeddings.patch_embedding.weight", None),
        ("model.vision_tower.vision_model.head.weight", None),
        ("multi_modal_projector.mm_input_projection_weight", None),
        ("model.multi_modal_projector.mm_soft_emb_norm.weight", None),
    ],
)
def test_names_of_the_text_part(stored: str, name: str | None) -> None:
    assert text_name(stored) == name


def test_what_holds_for_the_whole_model_holds_for_the_text() -> None:
    values = {"text_config": {"hidden_size": 8, "dtype": "float32"}, "eos_token_id": [1, 106], "mm_tokens_per_image": 2}
    assert text_config(values | {"torch_dtype": "bfloat16"}) == {
        "hidden_size": 8,
        "dtype": "float32",
        "eos_token_id": [1, 106],
        "torch_dtype": "bfloat16",
    }
    with pytest.raises(ConfigError, match="lacks 'text_config'"):
        text_config({})


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_gemma_3_with_a_tower_for_images(prefix: str, tmp_path: Path) -> None:
    model = tiny_model("tiny-gemma3")
    save_directory(tmp_path, model)
    written = json.loads((tmp_path / "config.json").read_text())
    whole = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "eos_token_id": [1, 106],
        "mm_tokens_per_image": 256,
        "text_config": {key: value for key, value in written.items() if key != "architectures"},
        "vision_config": {"hidden_size": 1152},
    }
    (tmp_path / "config.json").write_text(json.dumps(whole))
    tensors = {prefix + name.removeprefix("model."): tensor for name, tensor in load_file(path(tmp_path)).items()}
    save_file(tensors | {"vision_tower.vision_model.head.weight": torch.zeros(2, 2)}, path(tmp_path))

    directory = HFDirectory(tmp_path)
    again = Transformer(directory.model_config).requires_grad_(False)
    load(again, directory.weights, directory.table, where=tmp_path)

    assert directory.model_config == model.config
    assert directory.config.eos_ids == (1, 106)
    assert directory.notes == [
        "the model understands text and images: its text part is loaded, images cannot be given to it"
    ]
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def path(directory: Path) -> Path:
    return directory / "model.safetensors"
