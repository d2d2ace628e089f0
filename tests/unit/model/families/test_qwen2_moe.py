"""Qwen2-MoE: the published file, and the names of its shared expert."""

from __future__ import annotations

from fathom.checkpoint.hf.config import read_config
from fathom.model.config import SlidingWindow
from fathom.model.families.qwen2_moe import QWEN2_MOE
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.presets import PRESETS

QWEN1_5_MOE = {
    "architectures": ["Qwen2MoeForCausalLM"],
    "attention_dropout": 0.0,
    "bos_token_id": 151643,
    "decoder_sparse_step": 1,
    "eos_token_id": 151643,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 5632,
    "max_position_embeddings": 8192,
    "max_window_layers": 21,
    "model_type": "qwen2_moe",
    "moe_intermediate_size": 1408,
    "norm_topk_prob": False,
    "num_attention_heads": 16,
    "num_experts": 60,
    "num_experts_per_tok": 4,
    "num_hidden_layers": 24,
    "num_key_value_heads": 16,
    "output_router_logits": False,
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.001,
    "shared_expert_intermediate_size": 5632,
    "sliding_window": 32768,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.39.0.dev0",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}


def test_the_published_file() -> None:
    assert read_config(QWEN1_5_MOE).model == PRESETS["qwen1.5-moe-a2.7b"]


def test_every_second_of_the_first_layers_slides_if_asked() -> None:
    """The rule of transformers, which lists the layers where it saves."""
    read = read_config(QWEN1_5_MOE | {"use_sliding_window": True, "max_window_layers": 5}).model
    assert read.window == SlidingWindow(size=32768, layers=(0, 2, 4))


def test_biases_are_optional_in_newer_files() -> None:
    read = read_config(QWEN1_5_MOE | {"qkv_bias": False}).model.attention
    assert not getattr(read, "qkv_bias", True)


def test_the_gate_of_the_shared_expert_is_a_vector_in_gguf() -> None:
    assert Rule("mlp.shared_gate", "mlp.shared_expert_gate.weight") in QWEN2_MOE.hf_names
    assert Rule("mlp.shared_gate", "ffn_gate_inp_shexp.weight", Layout.ROW) in QWEN2_MOE.gguf_names
