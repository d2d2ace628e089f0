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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.nn.utils import parametrize

from fathom.checkpoint.hf.directory import table_for
from fathom.checkpoint.hf.safetensors_file import write_safetensors
from fathom.checkpoint.hub.registry import EMBEDDED, RECOMMENDED
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
        if isinstance(update, Directed):
            stored[f"base_model.model.{name}.lora_magnitude_vector"] = update.magnitude
    with replacing(out / ADAPTER) as partial:
        partial.mkdir()
        write_safetensors(partial / WEIGHTS, {name: tensor.detach().cpu() for name, tensor in stored.items()})
        described = json.dumps(describe(config, list(modules), published_name(base)), indent=2) + "\n"
        (partial / CONFIG).write_text(described, encoding="utf-8")
    return out / ADAPTER


def updates(model: Transformer) -> Iterator[tuple[str, LowRank]]:
    """(a module's name in transformers, its update)."""
    table = table_for(model.config)
    for name, layer in model.named_modules():
        if name.startswith("mtp.") or not parametrize.is_parametrized(layer, "weight"):
            continue
        ((stored, _place),) = table.to_theirs(f"{name}.weight", model.config.num_layers)[0]
        update = layer.parametrizations["weight"][0]
        assert isinstance(update, LowRank)
        yield stored.removesuffix(".weight"), update


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


def describe(config: LoRAConfig, modules: list[str], base: str | None) -> dict[str, Any]:
    """The content of ``adapter_config.json``."""
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "use_dora": config.dora,
        "target_modules": modules,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "modules_to_save": None,
    }
