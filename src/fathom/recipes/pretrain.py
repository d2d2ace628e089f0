"""Pretraining by one dial, on shards that ``fathom data prepare`` wrote.

    fathom data tokenizer books.jsonl --out data/tokenizer
    fathom data prepare books.jsonl --tokenizer data/tokenizer --out data/shards
    fathom train pretrain --depth 4 --out runs/pretrain

Depth 2 takes 6e14 operations, depth 4 7e15, depth 12 1e18, depth 20 2e19; the first updates tell how much time that is
here. Everything that the dial decides can be replaced: ``--set steps=500 --set model.num_layers=3``.
"""

from __future__ import annotations

from fathom.train.supervised.config import PretrainConfig, ShardData
from fathom.train.supervised.dial import dial


def pretrain(depth: int = 4) -> PretrainConfig:
    chosen = dial(depth, vocab_size=8192)
    return PretrainConfig(
        name="pretrain",
        model=chosen.model,
        tokenizer="data/tokenizer",
        data=ShardData(directory="data/shards"),
        steps=chosen.steps,
        batch=chosen.batch,
        optim=chosen.optim,
        save_dtype="bfloat16",
    )
