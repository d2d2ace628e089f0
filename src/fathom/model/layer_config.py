"""The parts of a model's configuration: attention, experts, rotary positions and windows. Sizes that do not fit are
refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator


class ConfigPart(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LinearScaling(ConfigPart):
    """Position interpolation (arXiv 2306.15595): every position is divided by ``factor``."""

    kind: Literal["linear"] = "linear"
    factor: PositiveFloat


class YarnScaling(ConfigPart):
    """YaRN (arXiv 2309.00071), with DeepSeek's two ``mscale`` terms.

    ``attention_factor`` replaces the magnitude of cos and sin that follows from the factor (transformers);
    ``attn_factor`` multiplies it (llama.cpp). ``truncate`` rounds the bounds of the blend to whole channels.
    """

    kind: Literal["yarn"] = "yarn"
    factor: PositiveFloat
    original_max_position: PositiveInt
    beta_fast: PositiveFloat = 32.0
    beta_slow: PositiveFloat = 1.0
    mscale: float = 1.0
    mscale_all_dim: float = 0.0
    attention_factor: PositiveFloat | None = None
    attn_factor: PositiveFloat = 1.0
    truncate: bool = True

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> YarnScaling:
        if self.beta_fast <= self.beta_slow:
            raise ValueError(f"beta_fast {self.beta_fast:g} must exceed beta_slow {self.beta_slow:g}")
        return self


class Llama3Scaling(ConfigPart):
    """The frequency-dependent scaling of Llama 3.1."""

    kind: Literal["llama3"] = "llama3"
    factor: PositiveFloat
    low_freq_factor: PositiveFloat
    high_freq_factor: PositiveFloat
    original_max_position: PositiveInt

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> Llama3Scaling:
        low, high = self.low_freq_factor, self.high_freq_factor
        if high <= low:
            raise ValueError(f"high_freq_factor {high:g} must exceed low_freq_factor {low:g}")
        return self


class LongRopeScaling(ConfigPart):
    """LongRoPE (arXiv 2402.13753), as Phi-3 has it: each channel's period has a factor of its own.

    ``long_factors`` serve a sequence of more than ``original_max_position`` tokens, all of its positions;
    ``short_factors`` a shorter one. Both have one number a channel pair. ``attention_factor`` is the magnitude of cos
    and sin.
    """

    kind: Literal["longrope"] = "longrope"
    short_factors: tuple[PositiveFloat, ...]
    long_factors: tuple[PositiveFloat, ...]
    original_max_position: PositiveInt
    attention_factor: PositiveFloat = 1.0

    @model_validator(mode="after")
    def _lengths_agree(self) -> LongRopeScaling:
        if len(self.short_factors) != len(self.long_factors):
            raise ValueError(f"{len(self.short_factors)} short factors and {len(self.long_factors)} long ones")
        return self


RopeScaling = LinearScaling | YarnScaling | Llama3Scaling | LongRopeScaling


class RopeConfig(ConfigPart):
    """Rotary position embedding.

    ``interleaved``: the weights pair channel 2i with 2i+1 (DeepSeek, GLM) rather than i with i + d/2 (Llama, Qwen).
    """

    theta: float = Field(default=10_000.0, gt=1)
    interleaved: bool = False
    scaling: Annotated[RopeScaling, Field(discriminator="kind")] | None = None


class SlidingWindow(ConfigPart):
    """Layers whose attention slides: a token sees itself and the ``size`` - 1 tokens before it.

    ``layers`` are their indices. ``rope`` is the rotary embedding of these layers; None: that of all others (Gemma 3
    has two).
    """

    size: PositiveInt
    layers: tuple[NonNegativeInt, ...] = Field(min_length=1)
    rope: RopeConfig | None = None

    @model_validator(mode="after")
    def _layers_are_in_order(self) -> SlidingWindow:
        if list(self.layers) != sorted(set(self.layers)):
            raise ValueError("the sliding layers must be named once each, in order")
        return self


class GQAConfig(ConfigPart):
    """Grouped-query attention: ``num_heads`` query heads share ``num_kv_heads`` key/value heads.

    ``qk_norm``: queries and keys are normed, each head for itself, or with ``qk_norm_span`` "projection" all heads of
    a token as one vector (OLMo 2). ``rotary_dim``: only the first so many channels of a head are rotated; None: all.
    Scores are q·k / sqrt(``query_pre_attn_scalar``), None: ``head_dim``; with ``softcap`` c they become
    c · tanh(score / c) (Gemma 2).
    """

    kind: Literal["gqa"] = "gqa"
    num_heads: PositiveInt
    num_kv_heads: PositiveInt
    head_dim: PositiveInt
    qkv_bias: bool = False
    o_bias: bool = False
    qk_norm: bool = False
    qk_norm_span: Literal["head", "projection"] = "head"
    rotary_dim: PositiveInt | None = None
    query_pre_attn_scalar: PositiveFloat | None = None
    softcap: PositiveFloat | None = None

    @model_validator(mode="after")
    def _groups_are_whole(self) -> GQAConfig:
        if self.num_heads % self.num_kv_heads:
            raise ValueError(f"num_heads {self.num_heads} must be a multiple of num_kv_heads {self.num_kv_heads}")
        return self

    @model_validator(mode="after")
    def _channels_pair_up(self) -> GQAConfig:
        if self.rotary_dim is None and self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} must be even, because rotary channels come in pairs")
        if self.rope_dim % 2 or self.rope_dim > self.head_dim:
            raise ValueError(f"rotary_dim {self.rope_dim} must be even, and at most head_dim {self.head_dim}")
        return self

    @property
    def rope_dim(self) -> int:
        """Channels of a head that are rotated."""
        return self.head_dim if self.rotary_dim is None else self.rotary_dim

    @property
    def scale(self) -> float:
        """The factor on q·k."""
        return float((self.query_pre_attn_scalar or self.head_dim) ** -0.5)


class MLAConfig(ConfigPart):
    """Multi-head latent attention (DeepSeek-V2, section 2.1): the cache holds ``kv_lora_rank + qk_rope_head_dim``."""

    kind: Literal["mla"] = "mla"
    num_heads: PositiveInt
    q_lora_rank: PositiveInt | None = None
    kv_lora_rank: PositiveInt
    qk_nope_head_dim: PositiveInt
    qk_rope_head_dim: PositiveInt
    v_head_dim: PositiveInt

    @model_validator(mode="after")
    def _channels_pair_up(self) -> MLAConfig:
        if self.qk_rope_head_dim % 2:
            raise ValueError(
                f"qk_rope_head_dim {self.qk_rope_head_dim} must be even, because rotary channels come in pairs"
            )
        return self

    @property
    def qk_head_dim(self) -> int:
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def latent_dim(self) -> int:
        """Entries cached per token and layer."""
        return self.kv_lora_rank + self.qk_rope_head_dim

    @property
    def rope_dim(self) -> int:
        return self.qk_rope_head_dim


class MoEConfig(ConfigPart):
    """A mixture of experts: DeepSeekMoE (DeepSeek-V3, section 2.1.2), or Qwen's.

    ``selection``: ``greedy`` takes the top experts; ``group_limited_greedy`` (V2) first keeps the groups with the best
    single expert; ``noaux_tc`` (V3) adds the balancing bias for selection only and scores a group by its best two.

    ``shared_intermediate_size`` is the width of each shared expert, None: that of a routed one. ``shared_gate``: the
    token weighs what the shared experts give, by the sigmoid of a projection to one number (Qwen2-MoE).
    ``dense_layers`` have no experts, beside the ``first_dense_layers`` and those between the multiples of
    ``layer_freq``.
    """

    num_experts: PositiveInt
    experts_per_token: PositiveInt
    num_shared_experts: int = Field(default=0, ge=0)
    intermediate_size: PositiveInt
    shared_intermediate_size: PositiveInt | None = None
    shared_gate: bool = False
    scoring: Literal["softmax", "sigmoid"]
    selection: Literal["greedy", "group_limited_greedy", "noaux_tc"]
    num_groups: PositiveInt = 1
    topk_groups: PositiveInt = 1
    normalize: bool = False
    routed_scaling_factor: float = 1.0
    first_dense_layers: int = Field(default=0, ge=0)
    layer_freq: PositiveInt = 1
    dense_layers: tuple[NonNegativeInt, ...] = ()

    @model_validator(mode="after")
    def _choice_is_possible(self) -> MoEConfig:
        if self.num_experts % self.num_groups:
            raise ValueError(f"num_experts {self.num_experts} must be a multiple of num_groups {self.num_groups}")
        if self.topk_groups > self.num_groups:
            raise ValueError(f"topk_groups {self.topk_groups} exceeds num_groups {self.num_groups}")
        reachable = self.num_experts // self.num_groups * self.topk_groups
        if self.experts_per_token > reachable:
            raise ValueError(f"experts_per_token {self.experts_per_token} exceeds the {reachable} experts in reach")
        return self

    @model_validator(mode="after")
    def _shared_experts_exist(self) -> MoEConfig:
        if not self.num_shared_experts and (self.shared_gate or self.shared_intermediate_size is not None):
            raise ValueError(
                "shared_gate and shared_intermediate_size describe shared experts: num_shared_experts is 0"
            )
        return self

    @property
    def shared_width(self) -> int:
        """Intermediate channels of all shared experts together, which are computed as one network."""
        return self.num_shared_experts * (self.shared_intermediate_size or self.intermediate_size)

    def has_experts(self, layer: int) -> bool:
        """Whether main layer ``layer`` (0-based) has experts instead of a dense network."""
        on_step = layer >= self.first_dense_layers and layer % self.layer_freq == 0
        return on_step and layer not in self.dense_layers
