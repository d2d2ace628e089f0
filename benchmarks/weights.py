"""The embedded model's weights in the forms that different engines read, written once into the cache.

All its forms hold the numbers of the embedded Q4_1 file, rounded where the form rounds; so every engine computes
the same model. They are written by Fathom's own writers, which is half the point: others must be able to read them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from fathom.base import paths
from fathom.checkpoint.bundle import Bundle, open_bundle
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.resolve import find_embedded
from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.model.transformer import Transformer
from fathom.text.tokenizer.tokenizer import Tokenizer

SMALL_DEEPSEEK = ModelConfig(
    family="deepseek_v3",
    vocab_size=49_152,
    hidden_size=256,
    intermediate_size=640,
    num_layers=6,
    attention=MLAConfig(
        num_heads=4, q_lora_rank=96, kv_lora_rank=64, qk_nope_head_dim=32, qk_rope_head_dim=16, v_head_dim=32
    ),
    moe=MoEConfig(
        num_experts=16,
        experts_per_token=4,
        num_shared_experts=1,
        intermediate_size=128,
        scoring="sigmoid",
        selection="noaux_tc",
        normalize=True,
        num_groups=4,
        topk_groups=2,
        routed_scaling_factor=2.5,
        first_dense_layers=1,
    ),
    rope=RopeConfig(theta=10_000, interleaved=True),
    max_position=2048,
)
"""With the vocabulary of the embedded model: its head and its embedding are two thirds of it."""


def embedded() -> Path:
    """The file that came with the installation (Q4_1)."""
    return find_embedded()


def hf_directory() -> Path:
    """A Hugging Face directory, float32."""
    path = _place() / "hf"
    if not (path / "config.json").exists():
        bundle = _dequantized()
        save_directory(path, bundle.model, tokenizer=bundle.tokenizer, template=bundle.template)
    return path


def small_deepseek() -> Path:
    """A DeepSeek-V3 of 36 million parameters with random weights, as a Hugging Face directory in float32."""
    path = paths.cache_dir() / "benchmarks" / "small-deepseek"
    if not (path / "config.json").exists():
        torch.manual_seed(0)
        save_directory(path, Transformer(SMALL_DEEPSEEK), tokenizer=_dequantized().tokenizer)
    return path


def gguf(kind: str) -> Path:
    """A GGUF file with matrices in blocks of that kind: F32, BF16, Q8_0 …"""
    path = _place() / f"{kind}.gguf"
    if not path.exists():
        bundle = _dequantized()
        vocabulary = GGUFModel(embedded()).metadata
        save_gguf(
            path, bundle.model, vocabulary, template=bundle.template, block_type=BlockType[kind], name=bundle.name
        )
    return path


def tokenizer() -> Tokenizer:
    return _dequantized().tokenizer


def vocab_size() -> int:
    return _dequantized().config.vocab_size


@cache
def _dequantized() -> Bundle:
    return open_bundle(None, dtype="float32")


def _place() -> Path:
    """Named after the file they come from, so that another embedded model does not meet old conversions."""
    path = paths.cache_dir() / "benchmarks" / embedded().stem
    path.mkdir(parents=True, exist_ok=True)
    return path
