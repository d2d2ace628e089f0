"""What Gemma 2 and 3 share: norms of inputs and outputs whose weights are added to one, a gate by GELU, embeddings
scaled by the root of the width, a scale of scores that is a key of its own, and layers that slide.

GGUF has no key for that scale: readers take the root of the head's width, and in the largest model of a generation,
which they know by its number of layers, that of width / heads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fathom.base.errors import ConfigError
from fathom.model.families.family import Family, Fields
from fathom.model.families.gqa import GGUF_NAMES, dense_family, gqa_of
from fathom.model.families.keys import GGUFKeys, HFKeys, decimal
from fathom.model.families.tensor_names import Rule
from fathom.model.families.windows import all_but_every

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

_HF_NAMES = (
    Rule("post_attention_norm.weight", "post_attention_layernorm.weight"),
    Rule("mlp_norm.weight", "pre_feedforward_layernorm.weight"),
    Rule("post_mlp_norm.weight", "post_feedforward_layernorm.weight"),
)
GGUF_OUTPUT_NORMS = (
    Rule("post_attention_norm.weight", "post_attention_norm.weight"),
    Rule("post_mlp_norm.weight", "post_ffw_norm.weight"),
)
"""The norms of outputs, as all architectures of GGUF name them."""

_ACTIVATIONS = {"gelu_pytorch_tanh": "gelu_tanh", "silu": "silu"}
_DEFAULTS = {
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "tie_word_embeddings": True,
}


def gemma_family(
    name: str,
    *,
    hf_architecture: str,
    hf_defaults: Mapping[str, Any],
    gguf_defaults: Mapping[str, Any],
    window_period: int,
    largest: int,
    window_period_key: str | None = None,
    qk_norm: bool = False,
    attention_softcap: bool = False,
) -> Family:
    """A generation. Every ``window_period``-th layer attends to all tokens, unless ``window_period_key`` of config.json
    says another number. ``largest`` is the number of layers of the
    model whose GGUF files mean another scale. ``attention_softcap``: scores may be capped; later generations ignore
    the key, which we refuse.
    """
    dense = dense_family(
        name,
        hf_architecture=hf_architecture,
        dialect="gemma",
        pre_tokenizer="default",
        hf_names=_HF_NAMES,
        gguf_names=GGUF_NAMES + GGUF_OUTPUT_NORMS,
        hf_constants={"attention_bias": False},
        qk_norm=qk_norm,
        fields={"norm_placement": "sandwich", "norm_offset": 1},
        sliding=all_but_every(window_period, window_period_key),
        gguf_window_period=window_period,
    )
    keys = _GemmaKeys(dense, largest, attention_softcap)
    return replace(
        dense,
        read_hf=keys.read_hf,
        write_hf=keys.write_hf,
        read_gguf=keys.read_gguf,
        write_gguf=keys.write_gguf,
        hf_defaults=_DEFAULTS | dict(hf_defaults),
        gguf_defaults=gguf_defaults,
        gguf_norms_plus_one=True,
    )


@dataclass(frozen=True, slots=True)
class _GemmaKeys:
    """The readers and writers of a generation, which add to what ``dense`` reads and writes."""

    dense: Family
    largest: int
    attention_softcap: bool

    def read_hf(self, keys: HFKeys) -> Fields:
        keys.ignore("hidden_act", "sliding_window_size", "sliding_window_pattern", "_sliding_window_pattern")
        if keys.get("use_bidirectional_attention", False):
            raise ConfigError(
                "config.json says use_bidirectional_attention, which makes an encoder of the model",
                "choose a model that generates text",
            )
        activation = keys.need("hidden_activation")
        if activation not in _ACTIVATIONS:
            raise ConfigError(
                f"config.json says hidden_activation = {activation!r}, which is not implemented", "choose another model"
            )
        softcap = keys.get("attn_logit_softcapping")
        if softcap is not None and not self.attention_softcap:
            raise ConfigError(
                "config.json says attn_logit_softcapping, which this architecture does not have",
                "remove the key: transformers ignores it",
            )
        fields = self.dense.read_hf(keys)
        scalar = float(keys.need("query_pre_attn_scalar"))
        return fields | {
            "attention": _with_scale(fields["attention"], scalar, softcap),
            "activation": _ACTIVATIONS[activation],
            "embedding_scale": math.sqrt(keys.need("hidden_size")),
            "logit_softcap": keys.get("final_logit_softcapping"),
        }

    def write_hf(self, config: ModelConfig) -> Fields:
        attention = gqa_of(config)
        _refuse_other_scale(config)
        names = {ours: theirs for theirs, ours in _ACTIVATIONS.items()}
        scalar = float(attention.query_pre_attn_scalar or attention.head_dim)
        return self.dense.write_hf(config) | {
            "hidden_activation": names[config.activation],
            "query_pre_attn_scalar": int(scalar) if scalar.is_integer() else scalar,
            "attn_logit_softcapping": attention.softcap,
            "final_logit_softcapping": config.logit_softcap,
        }

    def read_gguf(self, keys: GGUFKeys) -> Fields:
        fields = self.dense.read_gguf(keys)
        attention, width = fields["attention"], keys.number("embedding_length")
        scalar = self._gguf_scalar(keys.number("block_count"), width, attention.num_heads, attention.head_dim)
        softcap = keys.get("attn_logit_softcapping") if self.attention_softcap else None
        final = keys.get("final_logit_softcapping")
        return fields | {
            "attention": _with_scale(attention, scalar, None if softcap is None else decimal(softcap)),
            "activation": "gelu_tanh",
            "embedding_scale": math.sqrt(width),
            "logit_softcap": None if final is None else decimal(final),
        }

    def write_gguf(self, config: ModelConfig) -> Fields:
        attention = gqa_of(config)
        _refuse_other_scale(config)
        scalar = self._gguf_scalar(config.num_layers, config.hidden_size, attention.num_heads, attention.head_dim)
        if (attention.query_pre_attn_scalar or attention.head_dim) != scalar:
            raise ConfigError(
                f"a GGUF file of {config.family} with {config.num_layers} layers means query_pre_attn_scalar"
                f" {scalar:g}, not {attention.query_pre_attn_scalar or attention.head_dim:g}",
                "save a directory instead",
            )
        values = self.dense.write_gguf(config)
        if attention.softcap is not None:
            values["attn_logit_softcapping"] = float(attention.softcap)
        if config.logit_softcap is not None:
            values["final_logit_softcapping"] = float(config.logit_softcap)
        return values

    def _gguf_scalar(self, layers: int, width: int, heads: int, head_dim: int) -> float:
        return width / heads if layers == self.largest else float(head_dim)


def _with_scale(attention: Any, scalar: float, softcap: float | None) -> Any:
    own = None if scalar == attention.head_dim else scalar
    return attention.model_copy(update={"query_pre_attn_scalar": own, "softcap": softcap})


def _refuse_other_scale(config: ModelConfig) -> None:
    if config.embedding_scale != math.sqrt(config.hidden_size):
        raise ConfigError(
            f"files of {config.family} mean embeddings scaled by {math.sqrt(config.hidden_size):g},"
            f" not by {config.embedding_scale}",
            "train the model with that scale",
        )
