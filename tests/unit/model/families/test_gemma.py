"""The scale of scores, which GGUF files of Gemma cannot state, and what no file of Gemma can say."""

from __future__ import annotations

import pytest
from family_keys import GGUFValues, HFValues

from fathom.base.errors import ConfigError
from fathom.model.families.gemma import GGUF_OUTPUT_NORMS
from fathom.model.families.gemma2 import GEMMA2
from fathom.model.families.gemma3 import GEMMA3
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.presets import PRESETS

SIZES = {
    "attention.head_count": 32,
    "attention.head_count_kv": 16,
    "attention.key_length": 128,
    "attention.value_length": 128,
}


@pytest.mark.parametrize(
    ("family", "layers", "width", "scalar"),
    [(GEMMA2, 46, 4608, 144), (GEMMA2, 42, 4608, None), (GEMMA3, 62, 5376, 168), (GEMMA3, 46, 5376, None)],
)
def test_the_largest_model_of_a_generation_is_known_by_its_layers(
    family: object, layers: int, width: int, scalar: int | None
) -> None:
    keys = GGUFValues(block_count=layers, embedding_length=width, **SIZES)
    assert family.read_gguf(keys)["attention"].query_pre_attn_scalar == scalar  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["gemma-2-2b", "gemma-2-27b", "gemma-3-4b", "gemma-3-27b"])
def test_published_scales_can_be_written(name: str) -> None:
    config = PRESETS[name]
    family = GEMMA2 if config.family == "gemma2" else GEMMA3
    family.write_gguf(config)


def test_another_scale_cannot_be_written_as_gguf() -> None:
    config = PRESETS["gemma-2-27b"].model_copy(update={"num_layers": 45})
    with pytest.raises(ConfigError, match="45 layers means query_pre_attn_scalar 128, not 144; save a directory"):
        GEMMA2.write_gguf(config)


@pytest.mark.parametrize("write", [GEMMA3.write_hf, GEMMA3.write_gguf])
def test_other_embedding_scales_cannot_be_written(write: object) -> None:
    config = PRESETS["tiny-gemma3"].model_copy(update={"embedding_scale": 1.5})
    with pytest.raises(ConfigError, match=r"mean embeddings scaled by 11.3137, not by 1.5"):
        write(config)  # type: ignore[operator]


VALUES = {
    "hidden_size": 64,
    "num_attention_heads": 4,
    "head_dim": 16,
    "query_pre_attn_scalar": 16,
    "hidden_activation": "gelu_pytorch_tanh",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"use_bidirectional_attention": True}, "makes an encoder of the model"),
        ({"hidden_activation": "gelu"}, "hidden_activation = 'gelu', which is not implemented"),
        ({"attn_logit_softcapping": 50.0}, "attn_logit_softcapping, which this architecture does not have"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        GEMMA3.read_hf(HFValues(**VALUES | change))


def test_norms_and_names() -> None:
    assert GEMMA2.gguf_norms_plus_one
    assert Rule("mlp_norm.weight", "pre_feedforward_layernorm.weight", Layout.SAME) in GEMMA2.hf_names
    assert Rule("post_mlp_norm.weight", "post_ffw_norm.weight", Layout.SAME) in GGUF_OUTPUT_NORMS
    assert set(GGUF_OUTPUT_NORMS) < set(GEMMA3.gguf_names)
