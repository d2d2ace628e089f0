"""Low-rank updates in PEFT's files: names and shapes literally, numbers by hand, and peft itself where it is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_models import tiny_config as tiny_shape
from tiny_runs import tiny_model

from fathom.checkpoint.hf.export import save_directory
from fathom.model.config import ModelConfig
from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.train.supervised.adapter import published_name, save_adapter
from fathom.train.supervised.config import LoRAConfig
from fathom.train.supervised.lora import adapt, merge

TOKENS = torch.arange(12)[None]


def learned(config: LoRAConfig, base: Path, shape: ModelConfig | None = None) -> Transformer:
    """A tiny model, saved at ``base``, with updates on that are not zero."""
    torch.manual_seed(0)
    model = Transformer(shape or tiny_model())
    save_directory(base, model)
    adapt(model, config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return model


@pytest.mark.parametrize("dora", [False, True])
def test_the_files(tmp_path: Path, dora: bool) -> None:
    config = LoRAConfig(rank=2, alpha=6, dora=dora, targets=("q_up", "down"))
    model = learned(config, tmp_path / "base")
    assert save_adapter(tmp_path, model, config, "base") == tmp_path / "adapter"
    stored = load_file(tmp_path / "adapter/adapter_model.safetensors")
    modules = {
        "model.layers.0.self_attn.q_b_proj": model.layers[0].attention.q_up,
        "model.layers.0.mlp.down_proj": model.layers[0].mlp.down,
        "model.layers.1.self_attn.q_b_proj": model.layers[1].attention.q_up,
        "model.layers.1.mlp.shared_experts.down_proj": model.layers[1].mlp.shared.down,
    }
    parts = {"lora_A.weight", "lora_B.weight"} | ({"lora_magnitude_vector"} if dora else set())
    assert set(stored) == {f"base_model.model.{module}.{part}" for module in modules for part in parts}
    for name, layer in modules.items():
        rows, columns = layer.weight.shape
        a, b = (stored[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
        assert (a.shape, b.shape) == ((2, columns), (rows, 2))
        whole = layer.parametrizations.weight.original + 3 * b @ a
        if dora:
            magnitude = stored[f"base_model.model.{name}.lora_magnitude_vector"]
            assert magnitude.shape == (rows,)
            whole = magnitude[:, None] * whole / whole.norm(dim=1, keepdim=True)
        torch.testing.assert_close(whole, layer.weight)
    written = json.loads((tmp_path / "adapter/adapter_config.json").read_text())
    assert written == {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "base",
        "r": 2,
        "lora_alpha": 6.0,
        "use_dora": dora,
        "target_modules": list(modules),
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "modules_to_save": None,
    }


@pytest.mark.parametrize("dora", [False, True])
@pytest.mark.parametrize(("name", "module"), [("tiny-phi3", "self_attn.qkv_proj"), ("tiny-glm4", "mlp.gate_up_proj")])
def test_a_module_of_several_layers_has_the_updates_of_all(tmp_path: Path, name: str, module: str, dora: bool) -> None:
    config = LoRAConfig(rank=2, alpha=6, dora=dora, targets=("q_proj", "v_proj", "gate", "up") if dora else None)
    model = learned(config, tmp_path / "base", tiny_shape(name))
    before = load_file(tmp_path / "base/model.safetensors")[f"model.layers.0.{module}.weight"]
    save_adapter(tmp_path, model, config, "base")
    merge(model)
    save_directory(tmp_path / "merged", model)
    merged = load_file(tmp_path / "merged/model.safetensors")[f"model.layers.0.{module}.weight"]
    stored = load_file(tmp_path / "adapter/adapter_model.safetensors")
    a, b = (stored[f"base_model.model.model.layers.0.{module}.lora_{side}.weight"] for side in "AB")
    written = json.loads((tmp_path / "adapter/adapter_config.json").read_text())
    rank = written["rank_pattern"][f"model.layers.0.{module}"]
    whole = before + written["alpha_pattern"][f"model.layers.0.{module}"] / rank * b @ a
    if dora:
        magnitude = stored[f"base_model.model.model.layers.0.{module}.lora_magnitude_vector"]
        whole = magnitude[:, None] * whole / whole.norm(dim=1, keepdim=True)
    assert len(a) == rank > 2
    torch.testing.assert_close(whole, merged)


def test_the_base_is_named_as_peft_can_open_it(tmp_path: Path) -> None:
    for name in ("smollm2", "SmolLM2-135M-Instruct", "embedded"):
        assert published_name(name) == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert published_name("qwen3-0.6b") == "Qwen/Qwen3-0.6B"
    assert published_name("Qwen/Qwen3-0.6B") == "Qwen/Qwen3-0.6B"
    assert published_name(str(tmp_path)) == str(tmp_path)
    assert published_name(str(tmp_path / "model.gguf")) is published_name(None) is None


ATTENTION = ("q_down", "q_up", "kv_down", "kv_up", "o_proj")


@pytest.mark.parametrize(
    ("shape", "targets"), [(tiny_model(), ATTENTION), (preset("tiny-qwen3"), None)], ids=["experts", "dense"]
)
@pytest.mark.parametrize("dora", [False, True])
def test_peft_opens_it_and_computes_the_same(
    tmp_path: Path, shape: ModelConfig, targets: tuple[str, ...] | None, dora: bool
) -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    config = LoRAConfig(rank=2, alpha=6, dora=dora, targets=targets)
    model = learned(config, tmp_path / "base", shape)
    save_adapter(tmp_path, model, config, str(tmp_path / "base"))
    merge(model)
    base = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    theirs = peft.PeftModel.from_pretrained(base, tmp_path / "adapter")
    torch.testing.assert_close(theirs(TOKENS).logits, model(TOKENS), atol=1e-4, rtol=1e-4)
    with theirs.disable_adapter():
        assert (model(TOKENS) - theirs(TOKENS).logits).abs().max() > 0.01
