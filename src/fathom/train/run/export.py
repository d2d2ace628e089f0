"""Export of the finished model, and of other directories of a run: whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from fathom.checkpoint.hf.export import save_directory
from fathom.train.run.trainee import Trainee

FINAL = "final"


def save_final(out: Path, trainee: Trainee, dtype: str = "float32") -> Path:
    """Write ``out/final``, a Hugging Face directory, in place of an earlier one. Raises CheckpointError where the disk
    refuses.
    """
    with replacing(out / FINAL) as partial:
        save_directory(
            partial,
            trainee.model,
            tokenizer=trainee.tokenizer,
            template=trainee.template,
            generation=trainee.generation_config,
            dtype=getattr(torch, dtype),
        )
    return out / FINAL


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary directory to write, which then replaces ``path``; an error leaves ``path`` as it was."""
    partial = path.with_name(f".{path.name}-unfinished")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
