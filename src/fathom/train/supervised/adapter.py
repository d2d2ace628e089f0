"""Low-rank adapters in PEFT's format, for serving one base with many of them.

    DIR/adapter/adapter_config.json         rank, alpha, which modules
    DIR/adapter/adapter_model.safetensors   base_model.model.<module>.lora_A.weight (r, I), .lora_B.weight (O, r)
                                            and for DoRA .lora_magnitude_vector (O)

Modules have their names in transformers. It has none for multi-token prediction, so updates of those modules are in
``DIR/final`` alone. Modules are listed one by one: a suffix like ``gate_proj`` would also mean experts, which have no
update here. On a mixture of experts peft (0.21, with transformers 5) takes even these for the experts, and cannot open
the adapter: there ``lora.targets`` should name the attention alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parametrize

from fathom.checkpoint.hf.directory import table_for
from fathom.checkpoint.hf.safetensors_file import write_safetensors
from fathom.checkpoint.hub.registry import EMBEDDED, RECOMMENDED
from fathom.checkpoint.layouts import take
from fathom.checkpoint.names import Place
from fathom.checkpoint.resolve import EMBEDDED_NAMES
from fathom.model.transformer import Transformer
from fathom.train.run.export import replacing
from fathom.train.supervised.config import LoRAConfig
from fathom.train.supervised.lora import Directed, LowRank

ADAPTER = "adapter"
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def save_adapter(out: Path, model: Transformer, config: LoRAConfig, base: str | None) -> Path:
    """Write ``out/adapter`` for ``model`` with its updates on, in place of an earlier one. ``base`` is where the frozen
    weights came from.

    Raises CheckpointError where the disk refuses.
    """
    modules = dict(updates(model))
    stored: dict[str, Tensor] = {}
    for name, update in modules.items():
        stored[f"base_model.model.{name}.lora_A.weight"] = update.a
        stored[f"base_model.model.{name}.lora_B.weight"] = update.b
        if update.magnitude is not None:
            stored[f"base_model.model.{name}.lora_magnitude_vector"] = update.magnitude
    with replacing(out / ADAPTER) as partial:
        partial.mkdir()
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in stored.items()}
        write_safetensors(partial / WEIGHTS, tensors)
        described = json.dumps(describe(config, modules, published_name(base)), indent=2) + "\n"
        (partial / CONFIG).write_text(described, encoding="utf-8")
    return out / ADAPTER


@dataclass(frozen=True, slots=True)
class ModuleUpdate:
    """The update of one module of transformers: ``a`` (r, I), ``b`` (O, r), and for DoRA ``magnitude`` (O)."""

    a: Tensor
    b: Tensor
    magnitude: Tensor | None


def updates(model: Transformer) -> Iterator[tuple[str, ModuleUpdate]]:
    """(a module's name in transformers, its update). Where it has one module for several of our layers, as Phi-3's
    ``qkv_proj``, the update has the ranks of all, and each its own rows.
    """
    table, count = table_for(model.config), model.config.num_layers
    adapted = {name: update for name, update in _layer_updates(model) if not name.startswith("mtp.")}
    stored = dict.fromkeys(table.to_theirs(name, count)[0][0][0] for name in adapted)
    for theirs in stored:
        yield theirs.removesuffix(".weight"), _module_update(model, adapted, table.to_ours(theirs, count))


def _layer_updates(model: Transformer) -> Iterator[tuple[str, LowRank]]:
    """(the name of an adapted weight, its update)."""
    for name, layer in model.named_modules():
        if parametrize.is_parametrized(layer, "weight"):
            update = layer.parametrizations["weight"][0]
            assert isinstance(update, LowRank)
            yield f"{name}.weight", update


def _module_update(model: Transformer, adapted: Mapping[str, LowRank], places: Sequence[Place]) -> ModuleUpdate:
    """Of a module whose rows are those of the layers at ``places``; a layer without an update adds no rank."""
    a, b, magnitudes = [], [], []
    for place in places:
        weight = model.get_submodule(place.name.removesuffix(".weight")).weight
        assert isinstance(weight, Tensor)
        rows, columns = weight.shape
        update = adapted.get(place.name)
        a.append(weight.new_zeros(0, columns) if update is None else update.a)
        b.append(weight.new_zeros(rows, 0) if update is None else take(update.b, place, model.config))
        length = update.magnitude if isinstance(update, Directed) else weight.detach().norm(dim=1)
        magnitudes.append(take(length, place, model.config))
    directed = any(isinstance(update, Directed) for update in adapted.values())
    return ModuleUpdate(torch.cat(a), torch.block_diag(*b), torch.cat(magnitudes) if directed else None)


def published_name(base: str | None) -> str | None:
    """The base as PEFT can open it: a repository of the hub for a short name, a directory as it was given. None for a
    GGUF file, which it cannot open: there the user names the base.
    """
    if base is None or Path(base).is_dir():
        return base
    name = base.lower()
    known = RECOMMENDED.get(EMBEDDED if name in EMBEDDED_NAMES else name)
    repo = base if known is None else known.repo
    return None if repo.endswith(".gguf") or ":" in repo else repo


def describe(config: LoRAConfig, modules: Mapping[str, ModuleUpdate], base: str | None) -> dict[str, Any]:
    """The content of ``adapter_config.json``. Of a module with the ranks of several layers α grows with the rank, so
    that an update counts as much as in the others.
    """
    ranks = {name: len(update.a) for name, update in modules.items() if len(update.a) != config.rank}
    alphas = {name: config.alpha * rank / config.rank for name, rank in ranks.items()}
    patterns = {"rank_pattern": ranks, "alpha_pattern": alphas} if ranks else {}
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "use_dora": config.dora,
        "target_modules": list(modules),
        **patterns,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "modules_to_save": None,
    }
