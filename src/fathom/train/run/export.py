"""Export of the finished model, and of other directories of a run: whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from fathom.checkpoint.hf.export import save_directory
from fathom.model.transformer import Transformer
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer

FINAL = "final"


def save_final(
    out: Path, model: Transformer, tokenizer: Tokenizer, template: ChatTemplate | None, dtype: str = "float32"
) -> Path:
    """Write ``out/final``, a Hugging Face directory, in place of an earlier one. Raises CheckpointError where the disk
    refuses.
    """
    with replacing(out / FINAL) as partial:
        save_directory(partial, model, tokenizer=tokenizer, template=template, dtype=getattr(torch, dtype))
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
