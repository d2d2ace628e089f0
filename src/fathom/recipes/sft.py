"""Supervised fine-tuning on conversations of your own, of any size.

    fathom train sft --set start=smollm2 --set data=talks.jsonl --set lora.rank=16

``data`` is a file, a directory, a dataset of the hub, or shards that ``fathom data prepare --chat`` wrote. With
``lora.rank`` low-rank updates learn instead of all weights: little memory, small checkpoints. The guide:
``docs/guides/fine-tune.md``.

After R1 (section 2.3.3): a few epochs at a rate that falls to a tenth along a cosine. Its batch of 32 rows is for
hundreds of thousands of samples; a hundred conversations fill nine rows, and one update of all of them would teach
nothing. So where the data are few an update takes fewer and shorter rows, until there are enough updates.
"""

from __future__ import annotations

from fathom.optim.config import AdamWConfig, OptimConfig, ScheduleConfig
from fathom.train.run.config import CheckpointConfig
from fathom.train.supervised.config import BatchConfig, SFTConfig, ShardData


def sft() -> SFTConfig:
    return SFTConfig(
        name="sft",
        start="runs/pretrain/final",
        data=ShardData(directory="data/talks"),
        epochs=3,
        batch=BatchConfig(rows=32, length=1024, micro_rows=8, min_updates=100),
        optim=OptimConfig(
            adamw=AdamWConfig(lr=None, weight_decay=0.0),
            schedule=ScheduleConfig(kind="cosine", warmup=0.05, floor=0.1),
        ),
        checkpoint=CheckpointConfig(keep=1),
        save_dtype="bfloat16",
    )
