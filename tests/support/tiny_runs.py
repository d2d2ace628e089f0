"""Runs small enough to be repeated in a test."""

from __future__ import annotations

from typing import Any

from fathom.base.distributed import ALONE, World
from fathom.data.packing.batch import PackedDataset
from fathom.data.packing.loader import Loader
from fathom.data.packing.plan import StreamPlan
from fathom.data.shards.store import MemoryStore, Sample
from fathom.model.config import ModelConfig
from fathom.model.presets import preset
from fathom.model.transformer import Transformer
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig
from fathom.train.run import rng
from fathom.train.run.config import CheckpointConfig
from fathom.train.supervised.config import BatchConfig, GeneratedData, PretrainConfig

OPTIM = OptimConfig(adamw=AdamWConfig(lr=3e-3), muon=MuonConfig(lr=1e-2, dtype="float32"))


def tiny_model() -> ModelConfig:
    """`tiny-deepseek-v3` at half its size."""
    config = preset("tiny-deepseek-v3")
    assert config.moe is not None
    moe = config.moe.model_copy(update={"num_experts": 8, "experts_per_token": 2, "intermediate_size": 32})
    sizes: dict[str, Any] = {"vocab_size": 64, "hidden_size": 64, "num_layers": 2, "moe": moe}
    return config.model_copy(update=sizes)


def tiny_config(**changes: Any) -> PretrainConfig:
    values: dict[str, Any] = {
        "name": "tiny",
        "model": tiny_model(),
        "tokenizer": "bytes",
        "data": GeneratedData(function="unused"),
        "precision": "float32",
        "steps": 8,
        "batch": BatchConfig(rows=4, length=32),
        "optim": OPTIM,
        "log_every": 1,
        "checkpoint": CheckpointConfig(every=3),
    }
    return PretrainConfig(**{**values, **changes})


def counting(length: int = 32) -> PackedDataset:
    """Documents that count upwards from anywhere."""
    samples = [Sample([(start + i) % 60 for i in range(5 + start % 7)]) for start in range(100)]
    store = MemoryStore(samples)
    return PackedDataset(store, StreamPlan(store.offsets, length))


def tiny(config: PretrainConfig, world: World = ALONE) -> tuple[Transformer, Loader]:
    """The seeded model and its data, or this rank's part of it."""
    rng.seed(config.seed)
    assert config.model is not None
    rows, batch = counting(config.batch.length), config.batch.rows
    return Transformer(config.model), Loader(rows, batch, seed=config.seed, rank=world.rank, world=world.size)
