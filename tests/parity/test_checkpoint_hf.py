"""Hugging Face directories both ways: transformers loads what we save, we load what it saves, with equal logits."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.load import load
from fathom.checkpoint.resolve import find_embedded
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer
from fathom.types import Conversation, Message

DENSE: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 64,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
MLA: dict[str, Any] = DENSE | {
    "num_key_value_heads": 4,
    "moe_intermediate_size": 48,
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 32,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
}
EXPERTS: dict[str, Any] = {"moe_intermediate_size": 48, "num_experts": 8, "num_experts_per_tok": 2}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "original_max_position_embeddings": 64,
    "beta_fast": 32,
    "beta_slow": 1,
    "mscale": 1.0,
    "mscale_all_dim": 1.0,
}
SMALL_HEADS: dict[str, Any] = {"num_key_value_heads": 2, "head_dim": 32}
LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10000.0,
    "partial_rotary_factor": 0.75,
    "short_factor": [1.0 + 0.05 * pair for pair in range(6)],
    "long_factor": [1.5 + 0.5 * pair for pair in range(6)],
}
THETA = {"rope_type": "default", "rope_theta": 5e6}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

FAMILIES: dict[str, transformers.PreTrainedConfig] = {
    "deepseek_v3": transformers.DeepseekV3Config(
        **MLA, q_lora_rank=24, n_group=4, topk_group=2, n_shared_experts=1, num_mtp_layers=1, rope_parameters=YARN
    ),
    "deepseek_v2": transformers.DeepseekV2Config(
        **MLA, q_lora_rank=24, n_group=4, topk_group=2, topk_method="group_limited_greedy", routed_scaling_factor=16.0
    ),
    "deepseek_v2_lite": transformers.DeepseekV2Config(**MLA, q_lora_rank=None, n_group=1, topk_group=1),
    "llama": transformers.LlamaConfig(**DENSE, num_key_value_heads=2, rope_parameters=LLAMA3),
    "llama_tied": transformers.LlamaConfig(**DENSE, num_key_value_heads=4, tie_word_embeddings=True),
    "gemma2": transformers.Gemma2Config(
        **DENSE | SMALL_HEADS, query_pre_attn_scalar=24, sliding_window=8, attn_logit_softcapping=4.0
    ),
    "gemma2_untied": transformers.Gemma2Config(**DENSE | SMALL_HEADS, tie_word_embeddings=False),
    "gemma3": transformers.Gemma3TextConfig(
        **DENSE | SMALL_HEADS,
        sliding_window=8,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
    ),
    "glm4": transformers.Glm4Config(**DENSE | SMALL_HEADS, pad_token_id=None),
    "olmo2": transformers.Olmo2Config(**DENSE, num_key_value_heads=2, pad_token_id=None),
    "phi3": transformers.Phi3Config(
        **DENSE,
        num_key_value_heads=2,
        pad_token_id=None,
        sliding_window=9,
        original_max_position_embeddings=16,
        rope_parameters=LONGROPE,
    ),
    "phi3_plain": transformers.Phi3Config(**DENSE, num_key_value_heads=2, pad_token_id=None, tie_word_embeddings=True),
    "qwen2_sliding": transformers.Qwen2Config(
        **DENSE, num_key_value_heads=2, use_sliding_window=True, sliding_window=6, max_window_layers=1
    ),
    "qwen2": transformers.Qwen2Config(**DENSE, num_key_value_heads=2),
    "mistral": transformers.MistralConfig(**DENSE, num_key_value_heads=2, sliding_window=None),
    "mistral_sliding": transformers.MistralConfig(**DENSE, num_key_value_heads=2, head_dim=32, sliding_window=7),
    "smollm3": transformers.SmolLM3Config(
        **DENSE | {"num_hidden_layers": 5}, num_key_value_heads=2, pad_token_id=None, rope_parameters=THETA
    ),
    "smollm3_listed": transformers.SmolLM3Config(
        **DENSE, num_key_value_heads=2, pad_token_id=None, no_rope_layers=[0, 1, 0], rope_parameters=THETA
    ),
    "qwen2_moe": transformers.Qwen2MoeConfig(
        **DENSE, **EXPERTS, num_key_value_heads=2, shared_expert_intermediate_size=72, mlp_only_layers=[1]
    ),
    "qwen3_moe": transformers.Qwen3MoeConfig(
        **DENSE, **EXPERTS, num_key_value_heads=2, head_dim=32, norm_topk_prob=True, decoder_sparse_step=2
    ),
    "qwen3": transformers.Qwen3Config(**DENSE, num_key_value_heads=2, head_dim=32, tie_word_embeddings=True),
}

TOKENS = torch.randint(0, 96, (2, 24), generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=list(FAMILIES))
def theirs(request: pytest.FixtureRequest) -> transformers.PreTrainedModel:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = transformers.AutoModelForCausalLM.from_config(FAMILIES[request.param]).eval()
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.normal_(1.0 if "norm" in name else 0.0, 0.1)
        for name, tensor in model.named_buffers():
            if "correction_bias" in name:
                tensor.normal_(0.0, 0.1)
    return model


def read(path: Path) -> Transformer:
    directory = HFDirectory(path)
    model = Transformer(directory.model_config).to(directory.dtype)
    load(model, directory.weights, directory.table, where=path)
    return model.eval()


@torch.no_grad()
def test_we_load_what_transformers_saves(theirs: transformers.PreTrainedModel, tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path, max_shard_size="100KB")

    ours = read(tmp_path)

    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    assert (ours(TOKENS) - theirs(TOKENS).logits).abs().max() <= 1e-4


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What transformers logs, which by default does not reach other handlers."""
    transformers.utils.logging.enable_propagation()
    yield caplog
    transformers.utils.logging.disable_propagation()


@torch.no_grad()
def test_transformers_loads_what_we_save(
    theirs: transformers.PreTrainedModel, tmp_path: Path, heard: pytest.LogCaptureFixture
) -> None:
    theirs.save_pretrained(tmp_path / "theirs")
    save_directory(tmp_path / "ours", read(tmp_path / "theirs"), shard_bytes=100_000)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again, info = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "ours", output_loading_info=True)

    assert not any(info.values()), info
    assert len(list((tmp_path / "ours").glob("model-*.safetensors"))) > 1
    assert torch.equal(again.eval()(TOKENS).logits, theirs(TOKENS).logits)
    assert [record.message for record in heard.records if record.levelname in ("WARNING", "ERROR")] == []
    for name in ("max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "vocab_size"):
        assert getattr(again.config, name) == getattr(theirs.config, name)


def test_transformers_reads_the_tokenizer_and_template_we_save(tmp_path: Path, heard: pytest.LogCaptureFixture) -> None:
    metadata = GGUFModel(find_embedded()).metadata
    tokenizer, template = Tokenizer.from_gguf(metadata), ChatTemplate.from_gguf(metadata)
    config = PRESETS["tiny-llama"].model_copy(update={"vocab_size": tokenizer.vocab_size})
    generation = {"do_sample": True, "temperature": 0.2, "top_p": 0.9}
    save_directory(tmp_path, Transformer(config), tokenizer=tokenizer, template=template, generation=generation)

    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)

    question = Conversation((Message("user", "Was kostet das? 日本語 12345"),))
    assert template is not None
    rendered = template.render(question)
    messages = [{"role": "user", "content": "Was kostet das? 日本語 12345"}]
    assert theirs.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == rendered
    assert theirs(rendered).input_ids == tokenizer.encode(rendered)
    assert {theirs.eos_token_id} == set(tokenizer.eos_ids)
    assert (model.generation_config.temperature, model.generation_config.eos_token_id) == (0.2, 2)
    assert [record.message for record in heard.records if record.levelname in ("WARNING", "ERROR")] == []
