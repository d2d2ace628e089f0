"""The configuration of a model in terms of its own: one frozen, validated object per part.

Nothing here depends on the spelling of a checkpoint: `fathom.model.families` translates both ways. Unknown keys are
errors, and sizes that do not fit are refused at construction.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, field_validator, model_validator

from fathom.model.families.registry import FAMILIES
from fathom.model.layer_config import (
    ConfigPart,
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    MLAConfig,
    MoEConfig,
    RopeConfig,
    RopeScaling,
    SlidingWindow,
    YarnScaling,
)

__all__ = [
    "GQAConfig",
    "LinearScaling",
    "Llama3Scaling",
    "LongRopeScaling",
    "MLAConfig",
    "MoEConfig",
    "ModelConfig",
    "RopeConfig",
    "RopeScaling",
    "SlidingWindow",
    "YarnScaling",
]


class ModelConfig(ConfigPart):
    """A whole model. ``num_mtp_layers`` counts multi-token-prediction modules beside the ``num_layers`` main layers.

    ``norm_placement``: a layer norms the input of attention and feed-forward network ("pre"), their output before it
    is added to the residual ("post", OLMo 2), or both ("sandwich", Gemma 2, GLM-4). ``norm_offset`` is added to the
    weights of all norms (1 for Gemma). ``activation`` gates the feed-forward network. ``embedding_scale`` multiplies
    the embeddings of tokens. With ``logit_softcap`` c, a logit x becomes c · tanh(x / c). Without ``window`` every
    layer attends to all tokens before. ``nope_layers`` rotate nothing (NoPE, arXiv 2501.18795).
    """

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
    norm_placement: Literal["pre", "post", "sandwich"] = "pre"
    norm_offset: Literal[0, 1] = 0
    activation: Literal["silu", "gelu_tanh"] = "silu"
    embedding_scale: PositiveFloat | None = None
    logit_softcap: PositiveFloat | None = None
    window: SlidingWindow | None = None
    nope_layers: tuple[NonNegativeInt, ...] = ()
    tie_embeddings: bool = False
    num_mtp_layers: int = Field(default=0, ge=0)
    init_std: PositiveFloat = 0.02

    @field_validator("family")
    @classmethod
    def _family_is_known(cls, name: str) -> str:
        if name not in FAMILIES:
            raise ValueError(f"unknown family {name!r}; choose one of: {', '.join(FAMILIES)}")
        return name

    @model_validator(mode="after")
    def _window_fits(self) -> ModelConfig:
        window = self.window
        if window is None:
            return self
        if isinstance(self.attention, MLAConfig):
            raise ValueError("a sliding window needs grouped-query attention")
        if window.layers[-1] >= self.num_layers:
            raise ValueError(f"layer {window.layers[-1]} is to slide, and there are {self.num_layers}")
        if window.rope is not None and window.rope.interleaved != self.rope.interleaved:
            raise ValueError("all layers must pair rotary channels in one way")
        if window.rope is not None and isinstance(window.rope.scaling, LongRopeScaling):
            raise ValueError("layers that slide cannot have longrope scaling of their own")
        return self

    @model_validator(mode="after")
    def _nope_layers_exist(self) -> ModelConfig:
        if list(self.nope_layers) != sorted(set(self.nope_layers)):
            raise ValueError("the layers without rotation must be named once each, in order")
        if self.nope_layers and self.nope_layers[-1] >= self.num_layers:
            raise ValueError(f"layer {self.nope_layers[-1]} is not to rotate, and there are {self.num_layers}")
        return self

    @model_validator(mode="after")
    def _rope_factors_fit(self) -> ModelConfig:
        scaling, pairs = self.rope.scaling, self.attention.rope_dim // 2
        if not isinstance(scaling, LongRopeScaling):
            return self
        if isinstance(self.attention, MLAConfig):
            raise ValueError("longrope scaling needs grouped-query attention")
        if len(scaling.long_factors) != pairs:
            raise ValueError(f"longrope has {len(scaling.long_factors)} factors for {pairs} pairs of channels")
        return self

    @model_validator(mode="after")
    def _experts_are_swiglu(self) -> ModelConfig:
        if self.moe is not None and self.activation != "silu":
            raise ValueError(f"experts are gated by silu, not by {self.activation}")
        return self

    @property
    def short_length(self) -> int | None:
        """The most tokens of a sequence that LongRoPE rotates by its short factors; None: no rotation depends on it."""
        scaling = self.rope.scaling
        return scaling.original_max_position if isinstance(scaling, LongRopeScaling) else None

    def is_sliding_layer(self, layer: int) -> bool:
        """Whether the attention of main layer ``layer`` (0-based) slides."""
        return self.window is not None and layer in self.window.layers

    def is_moe_layer(self, layer: int) -> bool:
        """Whether main layer ``layer`` (0-based) routes; MTP modules of an MoE model always do."""
        return self.moe is not None and self.moe.has_experts(layer)
