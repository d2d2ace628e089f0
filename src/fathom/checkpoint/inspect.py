"""What a model is, without loading its weights: the facts behind ``fathom inspect``.

Parameters are counted from the model that the configuration builds; bytes come from the files that are there, or from
the number type in which a preset's weights are published. Both views are compared, and what does not fit is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.hf.directory import HFDirectory
from fathom.checkpoint.hub import registry
from fathom.checkpoint.load import Weights, make_plan
from fathom.checkpoint.names import NameTable
from fathom.checkpoint.resolve import ModelLocation, resolve
from fathom.model.config import ModelConfig
from fathom.model.counts import count
from fathom.model.families.registry import FAMILIES
from fathom.model.features import features
from fathom.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Description:
    """Facts about a model.

    ``parameters`` without multi-token-prediction modules, which ``mtp_parameters`` counts; ``active_parameters``
    are those that one token meets. ``kv_bytes_per_token`` is the cache in bfloat16. ``weight_bytes`` is the size of
    the stored tensors. ``features`` are what the model has beyond the plain decoder. ``dtype`` is how most of them
    are stored (``bfloat16``, ``float8_e4m3fn``, ``Q4_1``) and ``stored_types`` the bytes of each type. ``tensors``
    counts stored tensors; ``problems`` lists what does not fit. What is unknown is None.
    """

    name: str
    kind: Literal["directory", "gguf", "preset"]
    architecture: str
    family: str
    parameters: int
    active_parameters: int
    mtp_parameters: int
    kv_bytes_per_token: int
    weight_bytes: int
    dtype: str
    context_length: int
    layers: int
    hidden_size: int
    vocabulary: int
    attention: str
    features: tuple[str, ...] = ()
    experts: int | None = None
    experts_per_token: int | None = None
    license: str | None = None
    path: str | None = None
    tensors: int | None = None
    stored_types: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def describe(name_or_path: str | Path | None) -> Description:
    """Describe a directory, a GGUF file, or a preset. Raises as ``resolve`` and opening the files do."""
    source = resolve(str(name_or_path) if name_or_path is not None else None)
    if source.kind == "preset":
        assert source.preset is not None
        return _describe_preset(source, source.preset)
    assert source.path is not None
    return _describe_gguf(source, source.path) if source.kind == "gguf" else _describe_directory(source, source.path)


def _describe_preset(source: ModelLocation, config: ModelConfig) -> Description:
    known = next((model for model in registry.RECOMMENDED.values() if model.preset == source.name), None)
    fp8 = known is not None and known.stored == "float8_e4m3fn"
    return Description(
        **_facts(source, config),
        weight_bytes=published_fp8_bytes(config) if fp8 else count(config, torch.bfloat16).weight_bytes,
        dtype="float8_e4m3fn" if fp8 else "bfloat16",
        license=known.license if known else None,
    )


def _describe_directory(source: ModelLocation, path: Path) -> Description:
    directory = HFDirectory(path)
    types = {str(dtype).removeprefix("torch."): size for dtype, size in directory.weights.dtypes().items()}
    return Description(
        **_facts(source, directory.model_config),
        **_weight_summary(directory.weights, directory.weights.nbytes, types, directory.model_config, directory.table),
        license=_license_of(path) or _known_license(source),
        path=str(path),
    )


def _describe_gguf(source: ModelLocation, path: Path) -> Description:
    file = GGUFModel(path)
    types = {type_.name: size for type_, size in file.weights.types().items()}
    named = file.metadata.get("general.license")
    return Description(
        **_facts(source, file.model_config),
        **_weight_summary(file.weights, file.weights.nbytes, types, file.model_config, file.table),
        license=named if isinstance(named, str) else _known_license(source),
        path=str(path),
    )


def _facts(source: ModelLocation, config: ModelConfig) -> dict[str, Any]:
    counts = count(config, torch.bfloat16)
    return {
        "name": source.name,
        "kind": source.kind,
        "architecture": FAMILIES[config.family].hf_architecture,
        "family": config.family,
        "parameters": counts.parameters,
        "active_parameters": counts.active_parameters,
        "mtp_parameters": counts.mtp_parameters,
        "kv_bytes_per_token": counts.kv_bytes_per_token,
        "context_length": config.max_position,
        "layers": config.num_layers,
        "hidden_size": config.hidden_size,
        "vocabulary": config.vocab_size,
        "attention": config.attention.kind,
        "features": features(config),
        "experts": config.moe.num_experts if config.moe else None,
        "experts_per_token": config.moe.experts_per_token if config.moe else None,
    }


def _weight_summary(
    weights: Weights, size: int, types: Mapping[str, int], config: ModelConfig, table: NameTable
) -> dict[str, Any]:
    with torch.device("meta"):
        model = Transformer(config)
    _, mismatch = make_plan(model, weights, table)
    ordered = dict(sorted(types.items(), key=lambda item: -item[1]))
    return {
        "weight_bytes": size,
        "dtype": next(iter(ordered), "none"),
        "stored_types": ordered,
        "tensors": len(weights.shapes),
        "problems": () if mismatch.is_empty else tuple(str(mismatch).split("; ")),
    }


def published_fp8_bytes(config: ModelConfig) -> int:
    """Bytes of a DeepSeek FP8 checkpoint: matrices of the blocks in one byte plus a float32 scale per 128×128 block,
    embedding, head, router, norms and the MTP projection in bfloat16, router biases in float32; and the copies of
    embedding and head that lie beside each MTP module.
    """
    with torch.device("meta"):
        model = Transformer(config)
    total = 0
    for name, tensor in model.state_dict().items():
        if name.endswith("router.bias"):
            total += 4 * tensor.numel()
        elif tensor.dim() < 2 or name in _BFLOAT16 or name.endswith("router.weight") or _MTP_PROJECTION.fullmatch(name):
            total += 2 * tensor.numel()
        else:
            matrices = tensor.shape[0] if tensor.dim() == 3 else 1
            rows, columns = tensor.shape[-2:]
            total += tensor.numel() + 4 * matrices * -(-rows // 128) * -(-columns // 128)
    return total + config.num_mtp_layers * 2 * 2 * config.vocab_size * config.hidden_size


_BFLOAT16 = ("embed.weight", "head.weight")
_MTP_PROJECTION = re.compile(r"mtp\.\d+\.proj\.weight")


def _known_license(source: ModelLocation) -> str | None:
    known = registry.RECOMMENDED.get(source.name.lower())
    return known.license if known else None


def _license_of(path: Path) -> str | None:
    """The licence that a model card names in its front matter."""
    card = path / "README.md"
    if not card.is_file():
        return None
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines()[:80]
    if not lines or lines[0].strip() != "---":
        return None
    for line in lines[1:]:
        if line.strip() == "---":
            return None
        if line.startswith("license:"):
            return line.partition(":")[2].strip().strip("'\"") or None
    return None
