"""``Family``: everything in which one family of models differs from another outside the model's own modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fathom.model.families.keys import GGUFKeys, HFKeys
from fathom.model.families.tensor_names import Rule

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

Fields = dict[str, Any]
"""Fields of ``ModelConfig``, or keys of a checkpoint's configuration."""


def _matches(_: GGUFKeys) -> bool:
    return True


def _split_halves(_: HFKeys) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Family:
    """How checkpoints of a family are read and written, and how its models write text.

    ``read_*`` return the fields of ``ModelConfig`` beyond the sizes that all families share; ``write_*`` are their
    inverses. ``hf_names`` and ``gguf_names`` are tensor names within a layer: those of the attention, and others that
    are the family's own, which precede the common ones of ``fathom.checkpoint.names``.
    """

    name: str
    """Also ``model_type`` in config.json."""
    hf_architecture: str
    gguf_architecture: str
    read_hf: Callable[[HFKeys], Fields]
    write_hf: Callable[[ModelConfig], Fields]
    read_gguf: Callable[[GGUFKeys], Fields]
    write_gguf: Callable[[ModelConfig], Fields]
    hf_names: tuple[Rule, ...]
    gguf_names: tuple[Rule, ...]
    dialect: str
    """Name of its row in ``fathom.text.dialects``."""
    pre_tokenizer: str
    """Name of its row in ``fathom.text.tokenizer.pretokenizers``, as in ``tokenizer.ggml.pre``."""
    is_interleaved: Callable[[HFKeys], bool] = _split_halves
    """Whether rotary channels are paired (2i, 2i+1) in the safetensors weights."""
    gguf_is_interleaved: bool = False
    """Whether they are in our parameters after reading a GGUF file."""
    matches_gguf: Callable[[GGUFKeys], bool] = _matches
    """Tells families apart that share a GGUF architecture; the first match in the registry is taken."""
