"""The configuration of a model in terms of its own: one frozen, validated object per part.

Nothing here depends on the spelling of a checkpoint: `fathom.model.families` translates both ways. Unknown keys are
errors, and sizes that do not fit are refused at construction.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from fathom.model.families.registry import FAMILIES
from fathom.model.layer_config import (
    ConfigPart,
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    MLAConfig,
    MoEConfig,
    RopeConfig,
    YarnScaling,
)

__all__ = [
    "GQAConfig",
    "LinearScaling",
    "Llama3Scaling",
    "MLAConfig",
    "MoEConfig",
    "ModelConfig",
    "RopeConfig",
    "YarnScaling",
]


class ModelConfig(ConfigPart):
    """A whole model. ``num_mtp_layers`` counts multi-token-prediction modules beside the ``num_layers`` main layers."""

    family: str
    vocab_size: PositiveInt
    hidden_size: PositiveInt
    intermediate_size: PositiveInt
    num_layers: PositiveInt
    attention: Annotated[GQAConfig | MLAConfig, Field(discriminator="kind")]
    moe: MoEConfig | None = None
    rope: RopeConfig = RopeConfig()
    max_position: PositiveInt
    norm_eps: PositiveFloat = 1e-6
    tie_embeddings: bool = False
    num_mtp_layers: int = Field(default=0, ge=0)
    init_std: PositiveFloat = 0.02

    @field_validator("family")
    @classmethod
    def _family_is_known(cls, name: str) -> str:
        if name not in FAMILIES:
            raise ValueError(f"unknown family {name!r}; choose one of: {', '.join(FAMILIES)}")
        return name

    def is_moe_layer(self, layer: int) -> bool:
        """Whether main layer ``layer`` (0-based) routes; MTP modules of an MoE model always do."""
        return self.moe is not None and self.moe.has_experts(layer)
