"""``config.json`` ⇄ ``ModelConfig``, in the spelling of transformers 4 and of transformers 5.

Three rules keep a wrong model from looking like a right one. Every key is either read, or known to change nothing, or
checked to hold the one value that we implement; any other key is an error, because a key that we do not know may well
change the computation. A missing key takes the default that ``transformers`` gives that family, since that is what the
file's author relied upon. And ``auto_map``, which names code inside a model repository, is ignored: such code is
never executed.

What a family alone has is read and written by its file in ``fathom.model.families``. Both spellings of the rotary
settings and of the number type are written, because readers know one or the other and ignore the one they do not.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fathom.base.errors import ConfigError
from fathom.checkpoint.generation import token_ids
from fathom.checkpoint.hf.multimodal import text_config
from fathom.checkpoint.hf.rope import read_ropes, write_ropes
from fathom.model.config import ModelConfig
from fathom.model.families.family import Family
from fathom.model.families.keys import extended_context
from fathom.model.families.registry import FAMILIES
from fathom.model.families.windows import late_layers, read_hf_window, write_hf_window
from fathom.model.modules import Activation

# fmt: off
INERT = frozenset({  # a library's notes to itself, training only, or generation (generation_config.json governs that)
    "_attn_implementation_autoset", "_from_model_config", "_name_or_path", "architectures", "attention_dropout",
    "auto_map", "aux_loss_alpha", "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "cache_implementation",
    "chunk_size_feed_forward", "classifier_dropout", "decoder_start_token_id", "diversity_penalty", "do_sample",
    "dtype", "early_stopping", "embd_pdrop", "encoder_no_repeat_ngram_size", "eos_token_id", "ep_size",
    "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id", "forced_eos_token_id",
    "hidden_dropout", "id2label", "is_decoder", "is_encoder_decoder", "is_llama_config", "label2id", "length_penalty",
    "max_length", "max_sequence_length", "max_window_layers", "min_length", "model_type", "neftune_noise_alpha",
    "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_attentions",
    "output_hidden_states", "output_router_logits", "output_scores", "pad_token_id", "prefix", "pretraining_tp",
    "problem_type", "quantization_config", "remove_invalid_values", "repetition_penalty", "resid_pdrop", "return_dict",
    "return_dict_in_generate", "rope_interleaved", "router_aux_loss_coef", "sep_token_id", "seq_aux", "sliding_window",
    "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript", "transformers.js_config", "transformers_version",
    "typical_p", "unk_token_id", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache", "use_return_dict",
})
# fmt: on
"""Keys that do not change what the model computes, or are read elsewhere (``sliding_window``)."""

IMPLEMENTED: Mapping[str, tuple[Any, ...]] = {
    "add_cross_attention": (False,),
    "cross_attention_hidden_size": (None,),
    "mlp_bias": (False,),
    "pruned_heads": ({},),
    "use_mrope": (False,),
}
"""Keys of which we implement one value."""


_REMEDY = "fetch the original config.json of this model"


@dataclass(frozen=True, slots=True)
class HFConfig:
    """The content of a ``config.json``: the model, and how its weights are stored.

    ``dtype`` is the name of the stored number type ("bfloat16"), None where the file is silent. ``quantization`` is
    its ``quantization_config`` as written. ``bos_id`` and ``eos_ids`` are the token ids it names. ``notes`` say what
    was decided where the file leaves a choice. ``is_multimodal``: the model is the text part of one that has others.
    """

    model: ModelConfig
    dtype: str | None = None
    quantization: Mapping[str, Any] | None = None
    bos_id: int | None = None
    eos_ids: tuple[int, ...] = ()
    is_multimodal: bool = False
    notes: tuple[str, ...] = ()


class _Keys:
    """The keys of one file; each is marked when it is read, so that the remaining ones are unknown."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.known = set(INERT) | set(IMPLEMENTED)

    def get(self, key: str, default: Any = None) -> Any:
        """The value; a default where the key is absent or null."""
        self.known.add(key)
        value = self.values.get(key)
        return default if value is None else value

    def ignore(self, *keys: str) -> None:
        """Mark keys as known whose values follow from others."""
        self.known.update(keys)

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise ConfigError(f"config.json lacks {key!r}", _REMEDY)
        return value

    def refuse_unimplemented(self) -> None:
        for key, allowed in IMPLEMENTED.items():
            value = self.values.get(key)
            if value is not None and value not in allowed:
                raise ConfigError(
                    f"config.json says {key} = {value!r}, which is not implemented",
                    f"only {allowed[0]!r} is; choose another model",
                )

    def refuse_unknown(self) -> None:
        unknown = sorted(set(self.values) - self.known)
        if unknown:
            guesses = [difflib.get_close_matches(key, self.known, 1, 0.85) for key in unknown]
            hints = [
                f"{key!r}" + (f" (did you mean {guess[0]!r}?)" if guess else "")
                for key, guess in zip(unknown, guesses, strict=True)
            ]
            raise ConfigError(
                f"config.json has keys that we do not know: {', '.join(hints)}",
                "a key may change what the model computes, so none is ignored; remove those that do not",
            )


def family_of(values: Mapping[str, Any]) -> Family:
    """The family by ``architectures``, else by ``model_type``; ConfigError for one that is not in the registry."""
    by_architecture = {family.hf_architecture: family for family in FAMILIES.values()}
    multimodal = {family.hf_multimodal: family for family in FAMILIES.values() if family.hf_multimodal}
    named = _architecture(values)
    if named is None:
        named = values.get("model_type")
        family = next((family for family in FAMILIES.values() if named == family.model_type), None)
    else:
        family = by_architecture.get(named) or multimodal.get(named)
    if family is None:
        raise ConfigError(
            f"unknown architecture {named!r}" if named else "config.json names no architecture",
            f"these can be loaded: {', '.join(by_architecture)}",
        )
    return family


def _architecture(values: Mapping[str, Any]) -> str | None:
    listed = values.get("architectures")
    return listed[0] if isinstance(listed, list) and listed else None


def read_config(values: Mapping[str, Any]) -> HFConfig:
    """Translate a parsed ``config.json``; ConfigError for what we do not know or do not implement."""
    try:
        return _read(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'config'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"config.json cannot be built: {problems}", _REMEDY) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:  # a list where a number belongs
        raise ConfigError(f"config.json holds a value of the wrong kind: {error}", _REMEDY) from error


def _read(values: Mapping[str, Any]) -> HFConfig:
    family = family_of(values)
    is_multimodal = _architecture(values) == family.hf_multimodal is not None
    if is_multimodal:
        values = text_config(values)
    keys = _Keys({**family.hf_defaults, **values})
    fields = family.read_hf(keys)
    keys.refuse_unimplemented()
    rope, sliding_rope = read_ropes(keys, interleaved=family.is_interleaved(keys))
    window = read_hf_window(keys, family.sliding)
    if window is not None and sliding_rope is not None:
        window = window.model_copy(update={"rope": sliding_rope})
    common: dict[str, Any] = {
        "vocab_size": keys.need("vocab_size"),
        "hidden_size": keys.need("hidden_size"),
        "intermediate_size": keys.need("intermediate_size"),
        "num_layers": keys.need("num_hidden_layers"),
        "max_position": extended_context(keys.need("max_position_embeddings"), rope),
        "norm_eps": keys.get("rms_norm_eps", 1e-6),
        "tie_embeddings": keys.get("tie_word_embeddings", False),
        "init_std": keys.get("initializer_range", 0.02),
    }
    if "activation" not in fields:
        common["activation"] = _activation(keys)
    model = ModelConfig(family=family.name, rope=rope, window=window, **common, **fields)
    keys.refuse_unknown()
    quantization = values.get("quantization_config")
    return HFConfig(
        model=model,
        dtype=values.get("dtype") or values.get("torch_dtype"),
        quantization=dict(quantization) if quantization is not None else None,
        bos_id=next(iter(sorted(token_ids(values.get("bos_token_id")))), None),
        eos_ids=tuple(sorted(token_ids(values.get("eos_token_id")))),
        is_multimodal=is_multimodal,
        notes=(_TEXT_NOTE,) if is_multimodal else (),
    )


_TEXT_NOTE = "the model understands text and images: its text part is loaded, images cannot be given to it"

_ACTIVATIONS: Mapping[str, Activation] = {"silu": "silu", "swish": "silu", "gelu_pytorch_tanh": "gelu_tanh"}


def _activation(keys: _Keys) -> Activation:
    name = keys.get("hidden_act", "silu")
    if name not in _ACTIVATIONS:
        raise ConfigError(
            f"config.json says hidden_act = {name!r}, which is not implemented",
            f"these are: {', '.join(_ACTIVATIONS)}; choose another model",
        )
    return _ACTIVATIONS[name]


# ---- writing -------------------------------------------------------------------------------------------------------


def write_config(
    config: ModelConfig, *, dtype: str, bos_id: int | None = None, eos_ids: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The content of ``config.json``; ``dtype`` as torch names it, without the prefix."""
    family = FAMILIES[config.family]
    values = {
        "architectures": [family.hf_architecture],
        "model_type": family.model_type,
        "dtype": dtype,
        "torch_dtype": dtype,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "max_position_embeddings": config.max_position,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tie_embeddings,
        "initializer_range": config.init_std,
        "hidden_act": next(name for name, ours in _ACTIVATIONS.items() if ours == config.activation),
        "attention_dropout": 0.0,
        "use_cache": True,
        "bos_token_id": bos_id,
        "eos_token_id": eos_ids[0] if len(eos_ids) == 1 else list(eos_ids) or None,
        "pad_token_id": None,  # a family's default in transformers may be beyond the vocabulary
        **write_ropes(config),
        **family.write_hf(config),
    }
    if config.window is not None or family.sliding is not late_layers:
        values |= write_hf_window(config.window, config.num_layers, family.sliding)
    if "use_sliding_window" in values:
        values["use_sliding_window"] = config.window is not None
    return values
