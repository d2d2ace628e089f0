"""A V3-architecture model of a quarter of a million parameters learns to add: seconds, for newcomers and for tests.

    fathom train tiny-pretrain --out runs/tiny-pretrain

Everything of the large recipe is at work: latent attention, routed experts kept busy without a loss, multi-token
prediction, Muon, a schedule, checkpoints. What it learns is a toy: the sums of two numbers up to 9, three of five of
them right. The rest is left to `tiny-rl`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, PretrainConfig


def sums(count: int = 4000, seed: int = 0) -> Iterator[str]:
    """``7+5=12``, in any order."""
    draw = random.Random(seed)
    for _ in range(count):
        a, b = draw.randint(0, 9), draw.randint(0, 9)
        yield f"{a}+{b}={a + b}"


def model() -> ModelConfig:
    """V3 in small: one dense layer, then eight experts of which two serve a token, and one MTP module."""
    return ModelConfig(
        family="deepseek_v3",
        vocab_size=320,
        hidden_size=64,
        intermediate_size=128,
        num_layers=2,
        attention=MLAConfig(
            num_heads=2, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=32, qk_rope_head_dim=32, v_head_dim=32
        ),
        moe=MoEConfig(
            num_experts=8,
            experts_per_token=2,
            num_shared_experts=1,
            intermediate_size=32,
            scoring="sigmoid",
            selection="noaux_tc",
            normalize=True,
            first_dense_layers=1,
        ),
        rope=RopeConfig(interleaved=True),
        max_position=512,
        num_mtp_layers=1,
    )


def tiny_pretrain() -> PretrainConfig:
    return PretrainConfig(
        name="tiny-pretrain",
        model=model(),
        tokenizer="bytes",
        data=GeneratedData(function="tiny-pretrain:sums"),
        steps=60,
        batch=BatchConfig(rows=16, length=64),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=0.01), muon=MuonConfig(lr=0.02), schedule=ScheduleConfig(kind="stable", warmup=5)
        ),
        checkpoint=CheckpointConfig(every=20),
    )
