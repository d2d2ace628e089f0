"""A tiny model learns to answer a conversation, thinking first: seconds, for newcomers and for tests.

    fathom train tiny-sft --out runs/tiny-sft
    fathom chat -m runs/tiny-sft/final

It starts from random weights, so that it needs nothing else. To start from a model of yours:

    fathom train tiny-sft --set start=runs/tiny-pretrain/final --set model=null --set tokenizer=null
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from fathom.model.config import MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig, ScheduleConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, SFTConfig
from fathom.types import Conversation, Message


def questions(count: int = 2000, seed: int = 0) -> Iterator[Conversation]:
    """Which of two numbers is larger; the thought puts them in order."""
    draw = random.Random(seed)
    for _ in range(count):
        a, b = draw.sample(range(10), 2)
        small, large = sorted((a, b))
        yield Conversation(
            (
                Message("user", f"{a} or {b}?"),
                Message("assistant", f"{large}", reasoning=f"{small}<{large}"),
            )
        )


def tiny_sft() -> SFTConfig:
    return SFTConfig(
        name="tiny-sft",
        model=ModelConfig(
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
        ),
        tokenizer="bytes",
        data=GeneratedData(function="tiny-sft:questions"),
        steps=60,
        batch=BatchConfig(rows=16, length=64),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=0.01), muon=MuonConfig(lr=0.02), schedule=ScheduleConfig(kind="linear", warmup=5)
        ),
        checkpoint=CheckpointConfig(every=20),
    )
