"""The models that the ablation compares: the speedrun's, and one choice of it undone at a time.

All have as many active parameters as the speedrun's, as near as the width of their feed-forward networks can bring
them: what serves a token is what costs time, and a choice that saves parameters in one place may spend them in another.
"""

from __future__ import annotations

from dataclasses import dataclass

from fathom.model import counts
from fathom.model.config import GQAConfig, MLAConfig, ModelConfig
from fathom.train.run.recipe import recipe
from fathom.train.supervised.config import GeneratedData, PretrainConfig

STEP = 4
"""Widths are multiples of it."""
WIDEST = 4096
DOCUMENTS_A_MINUTE = 15_000
"""More than a minute reads on two cores, so that nothing is read twice."""


@dataclass(frozen=True, slots=True)
class Variant:
    """``instead`` says what it does otherwise than the speedrun; empty for the speedrun itself."""

    name: str
    choice: str
    instead: str
    config: PretrainConfig


def variants(minutes: float, seed: int) -> list[Variant]:
    """Every variant, to be trained for so long. ``choice`` groups them: what is compared with what."""
    plain = recipe("speedrun")
    assert isinstance(plain, PretrainConfig)
    assert plain.model is not None
    whole = plain.model
    data = GeneratedData(function=plain.data.function, options={"documents": round(DOCUMENTS_A_MINUTE * minutes) + 200})
    base = plain.model_copy(update={"steps": None, "minutes": minutes, "seed": seed, "data": data, "log_every": 1})
    target = active(whole)

    def model(changed: ModelConfig) -> PretrainConfig:
        return base.model_copy(update={"model": matched(changed, target)})

    def heads(kv_heads: int) -> ModelConfig:
        assert isinstance(whole.attention, MLAConfig)
        same = {"num_heads": whole.attention.num_heads, "head_dim": whole.attention.v_head_dim}
        return _with(whole, attention=GQAConfig(num_kv_heads=kv_heads, **same))

    adamw = base.optim.model_copy(update={"muon": None})
    return [
        Variant("speedrun", "", "", base),
        Variant("dense", "experts", "one dense network instead of experts", model(_with(whole, moe=None))),
        Variant("gqa", "attention", "grouped-query attention, 2 heads for keys", model(heads(2))),
        Variant("mha", "attention", "multi-head attention", model(heads(4))),
        Variant("no-mtp", "prediction", "no multi-token prediction", model(_with(whole, num_mtp_layers=0))),
        Variant("adamw", "optimizer", "AdamW for the matrices too", base.model_copy(update={"optim": adamw})),
    ]


def matched(config: ModelConfig, target: int) -> ModelConfig:
    """``config`` with the width of its feed-forward networks chosen so that ``target`` parameters are active."""
    low, high = 1, WIDEST // STEP
    while low < high:  # the first width with at least as many
        middle = (low + high) // 2
        if active(widened(config, middle * STEP)) >= target:
            high = middle
        else:
            low = middle + 1
    found = [widened(config, width * STEP) for width in (low - 1, low) if width]
    return min(found, key=lambda one: abs(active(one) - target))


def widened(config: ModelConfig, width: int) -> ModelConfig:
    """With experts of ``width``, and dense layers as wide as what serves a token there; or dense layers of it."""
    if config.moe is None:
        return _with(config, intermediate_size=width)
    serving = config.moe.experts_per_token + config.moe.num_shared_experts
    moe = config.moe.model_copy(update={"intermediate_size": width})
    return _with(config, moe=moe, intermediate_size=width * serving)


def active(config: ModelConfig) -> int:
    """Parameters that serve a token, the input embedding left out also where the model is dense: a token reads one row
    of it.
    """
    count = counts.count(config)
    idle = 0 if config.moe is not None or config.tie_embeddings else config.vocab_size * config.hidden_size
    return count.active_parameters - idle


def _with(config: ModelConfig, **changes: object) -> ModelConfig:
    """Validated, unlike a plain copy."""
    return ModelConfig.model_validate({name: getattr(config, name) for name in ModelConfig.model_fields} | changes)
