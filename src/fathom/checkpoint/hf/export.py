"""Writing a Hugging Face directory that transformers, vLLM, SGLang and llama.cpp's converter load unchanged.

Weights are written shard by shard, so that memory holds the model and one shard. Small files come last: a directory
with a ``config.json`` is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.base.progress import Report, silent
from fathom.checkpoint.generation import token_ids
from fathom.checkpoint.hf.config import write_config
from fathom.checkpoint.hf.directory import INDEX, table_for
from fathom.checkpoint.hf.safetensors_file import write_safetensors
from fathom.checkpoint.layouts import take_joined
from fathom.checkpoint.names import Place
from fathom.model.config import ModelConfig
from fathom.model.transformer import Transformer
from fathom.text.conversation import turn_end_ids
from fathom.text.template.files import write_templates
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.tokenizer import Tokenizer

SHARD_BYTES = 5_000_000_000


def save_directory(
    path: Path,
    model: Transformer,
    *,
    tokenizer: Tokenizer | None = None,
    template: ChatTemplate | None = None,
    generation: Mapping[str, Any] | None = None,
    dtype: torch.dtype | None = None,
    shard_bytes: int = SHARD_BYTES,
    report: Report = silent,
) -> None:
    """Write ``model``, and what belongs to it, into ``path``.

    ``dtype`` None keeps the model's; a router bias stays float32 always. ``generation`` is the content of
    ``generation_config.json``. Unless it says otherwise, both configurations name every token that ends a text or a
    turn (`fathom.text.conversation.turn_end_ids`). Raises CheckpointError where the disk refuses.
    """
    dtype = dtype or model.embed.weight.dtype
    try:
        path.mkdir(parents=True, exist_ok=True)
        _write_shards(path, model, dtype, shard_bytes, report)
        _write_small(path, model.config, dtype, tokenizer, template, generation or {})
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror}", "free some space or choose another place"
        ) from error


def _write_small(
    path: Path,
    config: ModelConfig,
    dtype: torch.dtype,
    tokenizer: Tokenizer | None,
    template: ChatTemplate | None,
    generation: Mapping[str, Any],
) -> None:
    if tokenizer is not None:
        tokenizer.save(path)
    if template is not None:
        write_templates(path, template.texts)
    bos = tokenizer.bos_id if tokenizer else None
    eos = tuple(sorted(_end_ids(tokenizer, template, generation)))
    ids = {"bos_token_id": bos, "eos_token_id": eos[0] if len(eos) == 1 else list(eos)} if tokenizer else {}
    _write_json(path / "generation_config.json", {**generation, **ids})
    name = str(dtype).removeprefix("torch.")
    _write_json(path / "config.json", write_config(config, dtype=name, bos_id=bos, eos_ids=eos))


def _end_ids(
    tokenizer: Tokenizer | None, template: ChatTemplate | None, generation: Mapping[str, Any]
) -> frozenset[int]:
    return token_ids(generation.get("eos_token_id")) or (
        frozenset() if tokenizer is None else turn_end_ids(tokenizer, template)
    )


def _write_shards(path: Path, model: Transformer, dtype: torch.dtype, limit: int, report: Report) -> None:
    parameters = model.state_dict()
    shards = _divide(_stored_tensors(model), parameters, dtype, limit)
    places: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        report(f"writing {path}", (number - 1) / len(shards))
        one = len(shards) == 1
        file = "model.safetensors" if one else f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = {name: _to_stored(parameters, places, model, dtype) for name, places in shard}
        write_safetensors(path / file, tensors)
        places |= dict.fromkeys(tensors, file)
    if len(shards) > 1:
        total = sum(_bytes(parameters, places, dtype) for shard in shards for _, places in shard)
        _write_json(path / INDEX, {"metadata": {"total_size": total}, "weight_map": places})
    report(f"writing {path}", 1.0)


def _stored_tensors(model: Transformer) -> dict[str, tuple[Place, ...]]:
    config = model.config
    experts = config.moe.num_experts if config.moe else 0
    return table_for(config).stored_tensors(model.state_dict(), config.num_layers, experts)


def _divide(
    names: Mapping[str, tuple[Place, ...]], parameters: Mapping[str, Tensor], dtype: torch.dtype, limit: int
) -> list[list[tuple[str, tuple[Place, ...]]]]:
    shards: list[list[tuple[str, tuple[Place, ...]]]] = [[]]
    filled = 0
    for name, places in names.items():
        size = _bytes(parameters, places, dtype)
        if shards[-1] and filled + size > limit:
            shards.append([])
            filled = 0
        shards[-1].append((name, places))
        filled += size
    return shards


def _to_stored(
    parameters: Mapping[str, Tensor], places: tuple[Place, ...], model: Transformer, dtype: torch.dtype
) -> Tensor:
    converted = take_joined(parameters, places, model.config).to("cpu", _dtype(places, dtype))
    shared = converted.untyped_storage().nbytes() != converted.nbytes
    return converted.clone() if shared else converted


def _bytes(parameters: Mapping[str, Tensor], places: tuple[Place, ...], dtype: torch.dtype) -> int:
    parts = [parameters[place.name] if place.expert is None else parameters[place.name][0] for place in places]
    return sum(part.numel() for part in parts) * _dtype(places, dtype).itemsize


def _dtype(places: tuple[Place, ...], dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if places[0].name.endswith("router.bias") else dtype


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
