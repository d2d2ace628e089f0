"""The registry of families, and what every family has to declare."""

import pytest
from pydantic import ValidationError

from fathom.model.config import ModelConfig
from fathom.model.families.registry import FAMILIES
from fathom.model.presets import PRESETS
from fathom.text.dialects import DIALECTS
from fathom.text.tokenizer.pretokenizers import PRE_TOKENIZATIONS


def test_families_by_name_and_architecture() -> None:
    assert {name: (family.hf_architecture, family.gguf_architecture) for name, family in FAMILIES.items()} == {
        "deepseek_v3": ("DeepseekV3ForCausalLM", "deepseek2"),
        "deepseek_v2": ("DeepseekV2ForCausalLM", "deepseek2"),
        "gemma2": ("Gemma2ForCausalLM", "gemma2"),
        "gemma3": ("Gemma3ForCausalLM", "gemma3"),
        "glm4": ("Glm4ForCausalLM", "glm4"),
        "llama": ("LlamaForCausalLM", "llama"),
        "mistral": ("MistralForCausalLM", "llama"),
        "smollm3": ("SmolLM3ForCausalLM", "smollm3"),
        "olmo2": ("Olmo2ForCausalLM", "olmo2"),
        "phi3": ("Phi3ForCausalLM", "phi3"),
        "qwen2": ("Qwen2ForCausalLM", "qwen2"),
        "qwen2_moe": ("Qwen2MoeForCausalLM", "qwen2moe"),
        "qwen3": ("Qwen3ForCausalLM", "qwen3"),
        "qwen3_moe": ("Qwen3MoeForCausalLM", "qwen3moe"),
    }


@pytest.mark.parametrize("name", FAMILIES)
def test_dialect_and_pre_tokenizer_exist(name: str) -> None:
    assert FAMILIES[name].name == name
    assert FAMILIES[name].dialect in {dialect.name for dialect in DIALECTS}
    assert FAMILIES[name].pre_tokenizer in PRE_TOKENIZATIONS


def test_model_config_refuses_an_unknown_family() -> None:
    values = PRESETS["tiny-qwen3"].model_dump() | {"family": "mamba"}
    with pytest.raises(ValidationError, match="unknown family 'mamba'; choose one of: deepseek_v3"):
        ModelConfig.model_validate(values)
