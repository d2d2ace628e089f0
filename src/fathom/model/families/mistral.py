"""Mistral: Llama's layout, in v0.1 with a window over which every layer slides, and in Nemo with heads of a size of
their own. GGUF has no architecture for it: its files are Llama's, whose readers know no window.
"""

from __future__ import annotations

from fathom.model.families.gqa import GGUF_PAIRED_NAMES, dense_family
from fathom.model.families.windows import all_layers

MISTRAL = dense_family(
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
