"""The finished model: a Hugging Face directory, whole or not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from fathom.checkpoint.hf_save import save_directory
from fathom.model.transformer import Transformer
from fathom.text.template import ChatTemplate
from fathom.text.tokenizer import Tokenizer

FINAL = "final"


def save_final(
    out: Path, model: Transformer, tokenizer: Tokenizer, template: ChatTemplate | None, dtype: str = "float32"
) -> Path:
    """Write ``out/final``, in place of an earlier one. Raises CheckpointError where the disk refuses."""
    path, partial = out / FINAL, out / f".{FINAL}-unfinished"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        save_directory(partial, model, tokenizer=tokenizer, template=template, dtype=getattr(torch, dtype))
        shutil.rmtree(path, ignore_errors=True)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path
