"""A directory of token files with a few samples."""

from __future__ import annotations

from pathlib import Path

from fathom.data.shards.reader import Shards
from fathom.data.shards.store import Sample
from fathom.data.shards.writer import ShardWriter

SAMPLES = [Sample([1, 2, 3]), Sample([4, 5], [False, True]), Sample([]), Sample([6, 7, 8, 9])]


def write(directory: Path, samples: list[Sample], **options: object) -> Shards:
    options = {"tokenizer": "abc", "vocab_size": 100, "shard_tokens": 4} | options
    with ShardWriter(directory, **options) as writer:  # type: ignore[arg-type]
        for sample in samples:
            writer.add(sample)
    return Shards(directory)
