"""Dense families with grouped-query attention: keys of config.json and GGUF in both directions, and tensor names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fathom.base.errors import ConfigError
from fathom.model.families.family import Family, Fields
from fathom.model.families.keys import GGUFKeys, HFKeys, refuse_partial_rotary, rotary_channels, rotary_factor
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.families.windows import SlidingRule, late_layers, read_gguf_window, write_gguf_window
from fathom.model.layer_config import GQAConfig

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

HF_NAMES = (
    Rule("attention.q_proj.weight", "self_attn.q_proj.weight"),
    Rule("attention.q_proj.bias", "self_attn.q_proj.bias"),
    Rule("attention.k_proj.weight", "self_attn.k_proj.weight"),
    Rule("attention.k_proj.bias", "self_attn.k_proj.bias"),
    Rule("attention.v_proj.weight", "self_attn.v_proj.weight"),
    Rule("attention.v_proj.bias", "self_attn.v_proj.bias"),
    Rule("attention.o_proj.bias", "self_attn.o_proj.bias"),
    Rule("attention.q_norm.weight", "self_attn.q_norm.weight"),
    Rule("attention.k_norm.weight", "self_attn.k_norm.weight"),
)
_GGUF_VALUE = (
    Rule("attention.v_proj.weight", "attn_v.weight"),
    Rule("attention.v_proj.bias", "attn_v.bias"),
    Rule("attention.o_proj.bias", "attn_output.bias"),
)
GGUF_NAMES = (
    Rule("attention.q_proj.weight", "attn_q.weight"),
    Rule("attention.q_proj.bias", "attn_q.bias"),
    Rule("attention.k_proj.weight", "attn_k.weight"),
    Rule("attention.k_proj.bias", "attn_k.bias"),
    Rule("attention.q_norm.weight", "attn_q_norm.weight"),
    Rule("attention.k_norm.weight", "attn_k_norm.weight"),
    *_GGUF_VALUE,
)
GGUF_PAIRED_NAMES = (
    Rule("attention.q_proj.weight", "attn_q.weight", Layout.ROTARY_Q),
    Rule("attention.q_proj.bias", "attn_q.bias", Layout.ROTARY_Q),
    Rule("attention.k_proj.weight", "attn_k.weight", Layout.ROTARY_K),
    Rule("attention.k_proj.bias", "attn_k.bias", Layout.ROTARY_K),
    *_GGUF_VALUE,
)
"""For architectures whose converter permutes the rows of queries and keys into rotary pairs."""


def dense_family(
    name: str,
    *,
    hf_architecture: str,
    dialect: str,
    pre_tokenizer: str,
    gguf_architecture: str | None = None,
    hf_names: tuple[Rule, ...] = (),
    gguf_names: tuple[Rule, ...] = GGUF_NAMES,
    hf_constants: Mapping[str, Any],
    hf_defaults: Mapping[str, Any] | None = None,
    qkv_bias: bool = False,
    o_bias: bool = True,
    qk_norm: bool = False,
    qk_norm_span: Literal["head", "projection"] = "head",
    head_dim: int | None = None,
    partial_rotary: bool = False,
    interleaved: bool = False,
    fields: Mapping[str, Any] | None = None,
    sliding: SlidingRule = late_layers,
    gguf_window_period: int | None = None,
) -> Family:
    """A dense family. ``hf_constants`` are keys that are always written to config.json, ``hf_names`` tensor names
    beside ``HF_NAMES``. ``qkv_bias``: the architecture has biases on queries, keys and values; elsewhere
    ``attention_bias`` gives them one, and with ``o_bias`` the output projection too. ``partial_rotary``: the files may
    ask for fewer rotary channels than a head has. ``fields`` of ``ModelConfig`` are the same in all models of it.

    ``gguf_architecture`` defaults to ``name``; ``head_dim`` to hidden_size / heads where config.json lacks it.
    ``sliding`` and ``gguf_window_period``: which layers slide where a file does not say (``families.windows``);
    ``gguf_window_period`` None: llama.cpp knows no window in the architecture.
    """
    keys = _DenseKeys(
        gguf_architecture=gguf_architecture or name,
        qkv_bias=qkv_bias,
        o_bias=o_bias,
        head_dim=head_dim,
        partial_rotary=partial_rotary,
        norms={"qk_norm": qk_norm, "qk_norm_span": qk_norm_span},
        constants=hf_constants,
        fields=fields or {},
        window_period=gguf_window_period,
    )
    return Family(
        name=name,
        hf_architecture=hf_architecture,
        gguf_architecture=gguf_architecture or name,
        read_hf=keys.read_hf,
        write_hf=keys.write_hf,
        read_gguf=keys.read_gguf,
        write_gguf=keys.write_gguf,
        hf_names=hf_names + HF_NAMES,
        gguf_names=gguf_names,
        dialect=dialect,
        pre_tokenizer=pre_tokenizer,
        hf_defaults=hf_defaults or {},
        sliding=sliding,
        is_interleaved=lambda _: interleaved,
        gguf_is_interleaved=interleaved,
    )


@dataclass(frozen=True, slots=True)
class _DenseKeys:
    """The readers and writers of a family, by the options of :func:`dense_family`."""

    gguf_architecture: str
    qkv_bias: bool
    o_bias: bool
    head_dim: int | None
    partial_rotary: bool
    norms: Mapping[str, Any]
    constants: Mapping[str, Any]
    fields: Mapping[str, Any]
    window_period: int | None

    def read_hf(self, keys: HFKeys) -> Fields:
        heads = keys.need("num_attention_heads")
        head_dim = keys.get("head_dim", self.head_dim or keys.need("hidden_size") // heads)
        bias = keys.get("attention_bias", False) and not self.qkv_bias  # where there are biases, the key means nothing
        if not self.partial_rotary:
            refuse_partial_rotary(keys)
        attention = GQAConfig(
            num_heads=heads,
            num_kv_heads=keys.get("num_key_value_heads", heads),
            head_dim=head_dim,
            qkv_bias=self.qkv_bias or bias,
            o_bias=bias and self.o_bias,
            rotary_dim=rotary_channels(keys, head_dim) if self.partial_rotary else None,
            **self.norms,
        )
        return {"attention": attention, **self.fields}

    def write_hf(self, config: ModelConfig) -> Fields:
        attention = gqa_of(config)
        values = {
            "num_attention_heads": attention.num_heads,
            "num_key_value_heads": attention.num_kv_heads,
            "head_dim": attention.head_dim,
            **self.constants,
        }
        if attention.qkv_bias and not self.qkv_bias:
            values["attention_bias"] = True
        if self.partial_rotary:
            values["partial_rotary_factor"] = rotary_factor(attention.rope_dim, attention.head_dim)
        return values

    def read_gguf(self, keys: GGUFKeys) -> Fields:
        heads = keys.number("attention.head_count")
        head_dim = keys.number("attention.key_length", keys.number("embedding_length") // max(heads, 1))
        attention = GQAConfig(
            num_heads=heads,
            num_kv_heads=keys.number("attention.head_count_kv", heads),
            head_dim=head_dim,
            qkv_bias=self.qkv_bias or _has_tensor(keys, "attn_q.bias"),
            o_bias=_has_tensor(keys, "attn_output.bias"),
            rotary_dim=self._rotary_dim(keys, head_dim),
            **self.norms,
        )
        window = None if self.window_period is None else read_gguf_window(keys, self.window_period)
        return {"attention": attention, **({"window": window} if window else {}), **self.fields}

    def _rotary_dim(self, keys: GGUFKeys, head_dim: int) -> int | None:
        fixed = (
            ("attention.value_length",) if self.partial_rotary else ("attention.value_length", "rope.dimension_count")
        )
        for key in fixed:
            if keys.number(key, head_dim) != head_dim:
                raise ConfigError(
                    f"{keys.prefix}{key} differs from the head's {head_dim} channels", "choose another model"
                )
        channels = keys.number("rope.dimension_count", head_dim)
        return None if channels == head_dim else channels

    def write_gguf(self, config: ModelConfig) -> Fields:
        attention = gqa_of(config)
        return {
            "attention.head_count_kv": attention.num_kv_heads,
            "attention.key_length": attention.head_dim,
            "attention.value_length": attention.head_dim,
            **self._gguf_window(config),
        }

    def _gguf_window(self, config: ModelConfig) -> Fields:
        window = config.window
        if self.window_period is not None:
            return write_gguf_window(window, config.num_layers, self.window_period)
        if window is not None and window.size < config.max_position:
            raise ConfigError(
                f"a GGUF file of the architecture {self.gguf_architecture} has no window of {window.size:,} tokens",
                f"save a directory instead, or limit max_position to {window.size}, up to which no layer slides",
            )
        return {}


def _has_tensor(keys: GGUFKeys, name: str) -> bool:
    return any(tensor.endswith(f".{name}") for tensor in keys.tensors)


def gqa_of(config: ModelConfig) -> GQAConfig:
    """The attention of a dense family's model."""
    assert isinstance(config.attention, GQAConfig), f"{config.family} has grouped-query attention"
    return config.attention
