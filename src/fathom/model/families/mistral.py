"""Mistral: Llama's layout, in v0.1 with a window over which every layer slides, and in Nemo with heads of a size of
their own. GGUF has no architecture for it: its files are Llama's, whose readers know no window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fathom.base.errors import ConfigError
from fathom.model.families.family import Fields
from fathom.model.families.gqa import GGUF_PAIRED_NAMES, dense_family
from fathom.model.families.windows import all_layers

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

_DENSE = dense_family(
    "mistral",
    hf_architecture="MistralForCausalLM",
    gguf_architecture="llama",
    gguf_names=GGUF_PAIRED_NAMES,
    hf_constants={},
    hf_defaults={"sliding_window": 4096},
    sliding=all_layers,
    dialect="mistral",
    pre_tokenizer="tekken",
)


def _write_gguf(config: ModelConfig) -> Fields:
    window = config.window
    if window is not None and window.size < config.max_position:
        raise ConfigError(
            f"a GGUF file of the architecture llama has no window of {window.size:,} tokens",
            f"save a directory instead, or limit max_position to {window.size}, up to which no layer slides",
        )
    return _DENSE.write_gguf(config.model_copy(update={"window": None}))


MISTRAL = replace(_DENSE, write_gguf=_write_gguf)
