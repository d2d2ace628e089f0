"""Directories that look like models: headers without weights, for what reads headers only."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from fathom.server.models.local import LocalModel
from fathom.server.models.model_files import FileFacts

CONFIG = {"architectures": ["Qwen3ForCausalLM"], "max_position_embeddings": 2048}


def write_safetensors(path: Path, dtype: str = "BF16", shape: tuple[int, ...] = (10, 20)) -> None:
    """A file with one tensor and no data."""
    header = json.dumps({"__metadata__": {}, "w": {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def make_directory(directory: Path) -> Path:
    """A complete directory of a family that can be loaded; 200 parameters."""
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(CONFIG))
    write_safetensors(directory / "model.safetensors")
    return directory


def local_model(name: str, gigabytes: int = 1, **facts: Any) -> LocalModel:
    """A model by name, with weights of so many gigabytes and no files."""
    size = gigabytes * 10**9
    return LocalModel(name, Path(name), "own", FileFacts(size, size // 2, size, **facts))
