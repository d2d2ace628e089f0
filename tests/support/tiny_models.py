"""The tiny models of our tests: configurations, random weights, and a tokenizer of 256 bytes.

``tiny_config`` follows a preset; ``moe_config`` and ``dense_config`` are smaller still.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models

from fathom.model.config import GQAConfig, MLAConfig, ModelConfig, MoEConfig
from fathom.model.presets import PRESETS
from fathom.model.transformer import Transformer
from fathom.text.tokenizer.pretokenizers import PRE_TOKENIZATIONS

TINY = [name for name in PRESETS if name.startswith("tiny-")]
VOCABULARY = 320


SIZES: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_layers": 2,
    "max_position": 128,
}
MLA = MLAConfig(num_heads=2, q_lora_rank=16, kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=8)
MOE = MoEConfig(
    num_experts=4,
    experts_per_token=2,
    num_shared_experts=1,
    intermediate_size=16,
    scoring="sigmoid",
    selection="noaux_tc",
    normalize=True,
    first_dense_layers=1,
)
GQA = GQAConfig(num_heads=4, num_kv_heads=2, head_dim=8)


def moe_config(**changes: Any) -> ModelConfig:
    """DeepSeek-V3 in tiny: latent attention, one dense layer, then experts."""
    return ModelConfig(family="deepseek_v3", **(SIZES | {"attention": MLA, "moe": MOE} | changes))


def dense_config(**changes: Any) -> ModelConfig:
    """Llama in tiny: grouped-query attention."""
    return ModelConfig(family="llama", **(SIZES | {"attention": GQA} | changes))


def tiny_config(name: str, **changes: Any) -> ModelConfig:
    return ModelConfig.model_validate(PRESETS[name].model_dump() | {"vocab_size": VOCABULARY} | changes)


def tiny_model(name: str, **changes: Any) -> Transformer:
    torch.manual_seed(0)
    model = Transformer(tiny_config(name, **changes)).eval().requires_grad_(False)
    for key, tensor in model.state_dict().items():
        tensor.normal_(1.0 if "norm" in key else 0.0, 0.1)
    return model


def write_tokenizer(directory: Path, cut: str = "llama-bpe") -> None:
    """A byte-level tokenizer.json with two merges and an end token, cut into words as GGUF calls ``cut``."""
    alphabet = sorted({chr(c) for c in (*range(33, 127), *range(161, 173), *range(174, 256), *range(256, 324))})
    words = ["th", "the"]
    vocabulary = {token: index for index, token in enumerate([*alphabet, *words])}
    known = PRE_TOKENIZATIONS[cut]
    merges = [("t", "h"), ("th", "e")]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=known.whole_words))
    tokenizer.pre_tokenizer = known.pre_tokenizer()
    if normalizer := known.normalizer():
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|end|>", special=True)])
    tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text('{"eos_token": "<|end|>"}')
