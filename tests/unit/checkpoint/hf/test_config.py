"""config.json of the real models, in both spellings, and the files that must be refused."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.base.errors import ConfigError, FathomError
from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    MLAConfig,
    ModelConfig,
    MoEConfig,
    RopeConfig,
    SlidingWindow,
    YarnScaling,
)
from fathom.model.rope import magnitude

# the files as DeepSeek, Qwen and others publish them, keys that only describe included
DEEPSEEK_V3: dict[str, Any] = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"},
    "aux_loss_alpha": 0.001,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "ep_size": 1,
    "first_k_dense_replace": 3,
    "hidden_act": "silu",
    "hidden_size": 7168,
    "initializer_range": 0.02,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "max_position_embeddings": 163840,
    "model_type": "deepseek_v3",
    "moe_intermediate_size": 2048,
    "moe_layer_freq": 1,
    "n_group": 8,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "norm_topk_prob": True,
    "num_attention_heads": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 128,
    "num_nextn_predict_layers": 1,
    "pretraining_tp": 1,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "quantization_config": {
        "activation_scheme": "dynamic",
        "fmt": "e4m3",
        "quant_method": "fp8",
        "weight_block_size": [128, 128],
    },
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 40,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 4096,
        "type": "yarn",
    },
    "rope_theta": 10000,
    "routed_scaling_factor": 2.5,
    "scoring_func": "sigmoid",
    "seq_aux": True,
    "tie_word_embeddings": False,
    "topk_group": 4,
    "topk_method": "noaux_tc",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.33.1",
    "use_cache": True,
    "v_head_dim": 128,
    "vocab_size": 129280,
}

DISTILL_QWEN_7B: dict[str, Any] = {
    "architectures": ["Qwen2ForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 151643,
    "eos_token_id": 151643,
    "hidden_act": "silu",
    "hidden_size": 3584,
    "initializer_range": 0.02,
    "intermediate_size": 18944,
    "max_position_embeddings": 131072,
    "max_window_layers": 28,
    "model_type": "qwen2",
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000,
    "sliding_window": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.44.0",
    "use_cache": True,
    "use_mrope": False,
    "use_sliding_window": False,
    "vocab_size": 152064,
}

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 96,
    "max_position_embeddings": 2048,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 256,
}

V3 = ModelConfig(
    family="deepseek_v3",
    vocab_size=129280,
    hidden_size=7168,
    intermediate_size=18432,
    num_layers=61,
    attention=MLAConfig(
        num_heads=128, q_lora_rank=1536, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
    ),
    moe=MoEConfig(
        num_experts=256,
        experts_per_token=8,
        num_shared_experts=1,
        intermediate_size=2048,
        scoring="sigmoid",
        selection="noaux_tc",
        num_groups=8,
        topk_groups=4,
        normalize=True,
        routed_scaling_factor=2.5,
        first_dense_layers=3,
    ),
    rope=RopeConfig(
        theta=10000,
        interleaved=True,
        scaling=YarnScaling(factor=40, original_max_position=4096, mscale=1.0, mscale_all_dim=1.0),
    ),
    max_position=163840,
    norm_eps=1e-6,
    num_mtp_layers=1,
)


def test_the_published_deepseek_v3_file() -> None:
    read = read_config(DEEPSEEK_V3)

    assert read.model == V3
    assert read.dtype == "bfloat16"
    assert read.quantization == DEEPSEEK_V3["quantization_config"]
    assert (read.bos_id, read.eos_ids) == (0, (1,))


def test_a_published_distill_file() -> None:
    assert read_config(DISTILL_QWEN_7B).model == ModelConfig(
        family="qwen2",
        vocab_size=152064,
        hidden_size=3584,
        intermediate_size=18944,
        num_layers=28,
        attention=GQAConfig(num_heads=28, num_kv_heads=4, head_dim=128, qkv_bias=True),
        rope=RopeConfig(theta=10000),
        max_position=131072,
    )


def test_missing_keys_take_the_defaults_of_transformers() -> None:
    model = read_config(LLAMA).model

    assert model.attention == GQAConfig(num_heads=4, num_kv_heads=4, head_dim=16)
    assert model.rope == RopeConfig(theta=10000)
    assert not model.tie_embeddings


@pytest.mark.parametrize("new", [False, True], ids=["rope_scaling", "rope_parameters"])
def test_both_spellings_of_the_rotary_settings(new: bool) -> None:
    scaling = {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    }
    spelled = (
        {"rope_parameters": scaling | {"rope_theta": 5e5}} if new else {"rope_scaling": scaling, "rope_theta": 5e5}
    )

    assert read_config(LLAMA | spelled).model.rope == RopeConfig(
        theta=5e5,
        scaling=Llama3Scaling(factor=8, low_freq_factor=1, high_freq_factor=4, original_max_position=8192),
    )


R1_0528_QWEN3 = {
    "rope_type": "yarn",
    "factor": 4.0,
    "original_max_position_embeddings": 32768,
    "attn_factor": 0.8782488562869419,
}


def test_the_factors_of_r1_0528_qwen3_8b_give_no_magnitude() -> None:
    rope = read_config(LLAMA | {"rope_scaling": R1_0528_QWEN3}).model.rope
    assert magnitude(rope) == pytest.approx(1.0, abs=1e-6)
    without = {key: value for key, value in R1_0528_QWEN3.items() if key != "attn_factor"}
    assert magnitude(read_config(LLAMA | {"rope_scaling": without}).model.rope) == pytest.approx(1.1386, abs=1e-4)


def test_attention_factor_replaces_the_magnitude() -> None:
    scaling = R1_0528_QWEN3 | {"attention_factor": 0.5, "attn_factor": None}
    assert magnitude(read_config(LLAMA | {"rope_scaling": scaling}).model.rope) == 0.5


def test_attention_bias_means_all_four_projections_in_llama() -> None:
    attention = read_config(LLAMA | {"attention_bias": True}).model.attention
    assert attention == GQAConfig(num_heads=4, num_kv_heads=4, head_dim=16, qkv_bias=True, o_bias=True)


def test_deepseek_with_attention_bias_is_refused() -> None:
    with pytest.raises(ConfigError, match="attention_bias = True, which is not implemented"):
        read_config(DEEPSEEK_V3 | {"attention_bias": True})


def test_linear_scaling_and_dynamic_within_the_context() -> None:
    """DeepSeek-Coder has the former; the latter begins where the context ends."""
    linear = read_config(LLAMA | {"rope_scaling": {"type": "linear", "factor": 4.0}}).model.rope
    assert linear.scaling == LinearScaling(factor=4.0)
    dynamic = read_config(LLAMA | {"rope_scaling": {"type": "dynamic", "factor": 2.0}}).model
    assert dynamic == read_config(LLAMA).model


@pytest.mark.parametrize(("stated", "context"), [(512, 2048), (2048, 2048), (1024, 1024)])
def test_yarn_extends_a_context_that_is_left_at_the_original(stated: int, context: int) -> None:
    """As Qwen's cards advise: factor 4, and max_position_embeddings as it was."""
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512}
    values = LLAMA | {"rope_scaling": scaling, "max_position_embeddings": stated}
    assert read_config(values).model.max_position == context


@pytest.mark.parametrize(
    "changes",
    [
        {"max_length": 4096, "max_sequence_length": 4096, "is_decoder": False},
        {"top_k": 50, "temperature": 1.0, "do_sample": False, "num_beams": 1, "repetition_penalty": 1.0},
        {"bad_words_ids": None, "cross_attention_hidden_size": None, "pruned_heads": {}, "torchscript": False},
        {"use_sliding_window": True, "sliding_window": 32, "max_window_layers": LLAMA["num_hidden_layers"]},
        {"use_sliding_window": True, "sliding_window": None},
        {"layer_types": ["full_attention", "full_attention"], "sliding_window": 8},
        {"use_sliding_window": False, "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 8},
    ],
)
def test_keys_that_change_nothing_are_accepted(changes: dict[str, Any]) -> None:
    assert read_config(LLAMA | changes).model == read_config(LLAMA).model


@pytest.mark.parametrize(
    ("changes", "layers"),
    [
        ({"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 0}, (0, 1)),
        ({"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, (1,)),
        ({"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 8}, (1,)),
        ({"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 8}, (0,)),
    ],
)
def test_layers_that_slide(changes: dict[str, Any], layers: tuple[int, ...]) -> None:
    window = SlidingWindow(size=8, layers=layers)
    assert read_config(LLAMA | changes).model == read_config(LLAMA).model.model_copy(update={"window": window})


def test_what_is_written_reads_back_equal() -> None:
    scaled = [LLAMA | {"rope_scaling": scaling} for scaling in (
        {"type": "linear", "factor": 4.0},
        R1_0528_QWEN3,
        R1_0528_QWEN3 | {"attention_factor": 0.5, "truncate": False},
    )]  # fmt: skip
    for original in (V3, *(read_config(values).model for values in (DISTILL_QWEN_7B, LLAMA, *scaled))):
        read = read_config(write_config(original, dtype="bfloat16", bos_id=3, eos_ids=(4, 5)))
        assert read.model == original
        assert (read.dtype, read.bos_id, read.eos_ids) == ("bfloat16", 3, (4, 5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": ["MambaForCausalLM"]}, "unknown architecture 'MambaForCausalLM'; these can be loaded: Deep"),
        ({"architectures": None}, "config.json names no architecture; these can be loaded: Deep"),
        ({"num_atention_heads": 4}, r"'num_atention_heads' \(did you mean 'num_attention_heads'\?\); a key may change"),
        ({"wormhole": 1, "zeta": 2}, "keys that we do not know: 'wormhole', 'zeta'; a key may change"),
        ({"hidden_act": "gelu"}, "hidden_act = 'gelu', which is not implemented; these are: silu, swish"),
        ({"mlp_bias": True}, "mlp_bias = True, which is not implemented; only False is"),
        ({"is_decoder": True, "add_cross_attention": True}, "add_cross_attention = True, which is not implemented"),
        ({"layer_types": ["linear_attention", "full_attention"]}, r"layers of type \['linear_attention'\]"),
        ({"layer_types": ["full_attention"]}, "has 1 layer_types for 2 layers; name one for each"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor = 0.5, which this architecture does not have"),
        ({"rope_parameters": {"partial_rotary_factor": 0.5}}, "partial_rotary_factor = 0.5, which this architecture"),
        ({"rope_scaling": {"type": "longrope", "factor": 2}}, "longrope scaling lacks short_factor, long_factor"),
        ({"rope_scaling": {"type": "ntk", "factor": 2}}, "rope scaling 'ntk', which is not implemented"),
        ({"rope_scaling": {"type": "linear"}}, "linear rope scaling lacks 'factor'; add it"),
        ({"rope_scaling": {"type": "linear", "factor": 2, "beta": 1}}, "unknown keys: beta; they may change what"),
        ({"rope_scaling": {"type": "yarn", "factor": 2}}, "lacks 'original_max_position_embeddings'; add it"),
        ({"rope_scaling": {"type": "llama3", "factor": 2}}, "llama3 rope scaling lacks low_freq_factor"),
        ({"hidden_size": None}, "config.json lacks 'hidden_size'; fetch the original config.json"),
        ({"num_key_value_heads": 3}, "num_heads 4 must be a multiple of num_kv_heads 3"),
        ({"vocab_size": "many"}, "vocab_size: Input should be a valid integer"),
    ],
)
def test_refusals_say_what_and_what_to_do(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(LLAMA | change)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.integers(-3, 3), st.text(max_size=2)), max_size=3),
    st.dictionaries(
        st.sampled_from(["type", "rope_type", "factor"]), st.sampled_from(["yarn", 1, None, []]), max_size=3
    ),
)


@given(key=st.sampled_from(sorted(DEEPSEEK_V3)), value=JUNK)
@settings(max_examples=400, deadline=None)
def test_a_value_of_any_kind_in_any_place_is_read_or_refused(key: str, value: Any) -> None:
    values = DEEPSEEK_V3 | {key: value}
    with contextlib.suppress(FathomError):  # any other exception fails the test
        read_config(values)
