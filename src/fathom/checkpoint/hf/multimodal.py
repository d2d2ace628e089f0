"""The text part of a model of text and images: its configuration, and the names of its tensors.

Only what a model of text needs is read. The tower for images and its projection are left in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fathom.base.errors import ConfigError

_SHARED = (
    "bos_token_id",
    "dtype",
    "eos_token_id",
    "pad_token_id",
    "quantization_config",
    "tie_word_embeddings",
    "torch_dtype",
)
"""Keys of the whole model that hold for its text part as well."""

_PREFIXES = (
    ("language_model.model.", "model."),  # as published with transformers 4.50
    ("model.language_model.", "model."),  # as transformers saves since 4.52
    ("language_model.lm_head.", "lm_head."),
)
_OTHER_PARTS = (
    "multi_modal_projector.",
    "model.multi_modal_projector.",
    "vision_tower.",
    "model.vision_tower.",
)


def text_config(values: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that a model of the text alone would have."""
    inner = values.get("text_config")
    if not isinstance(inner, dict):
        raise ConfigError("config.json lacks 'text_config'", "fetch the original config.json of this model")
    return inner | {key: values[key] for key in _SHARED if values.get(key) is not None}


def text_name(stored: str) -> str | None:
    """The name that a stored tensor has in a model of the text alone; None: it belongs to another part."""
    if stored.startswith(_OTHER_PARTS):
        return None
    for prefix, replacement in _PREFIXES:
        if stored.startswith(prefix):
            return replacement + stored.removeprefix(prefix)
    return stored
