"""Supervised fine-tuning on conversations: two epochs, as R1's (section 2.3.3), at its falling learning rate.

    fathom data prepare talks.jsonl --chat --tokenizer runs/pretrain/final --out data/talks
    fathom train sft --set start=runs/pretrain/final --out runs/sft

With little memory, or little data: ``--set lora.rank=16``.
"""

from __future__ import annotations

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.supervised.config import BatchConfig, SFTConfig, ShardData


def sft() -> SFTConfig:
    return SFTConfig(
        name="sft",
        start="runs/pretrain/final",
        data=ShardData(directory="data/talks"),
        epochs=2,
        batch=BatchConfig(rows=32, length=1024, micro_rows=8),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=5e-5, weight_decay=0.0), schedule=ScheduleConfig(kind="cosine", warmup=20, floor=0.1)
        ),
        save_dtype="bfloat16",
    )
