"""``Family``: everything in which one family of models differs from another outside the model's own modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fathom.model.families.keys import GGUFKeys, HFKeys
from fathom.model.families.tensor_names import Rule
from fathom.model.families.windows import SlidingRule, late_layers

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
    """Also ``model_type`` in config.json, unless ``hf_model_type`` is another."""
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
    hf_model_type: str | None = None
    hf_multimodal: str | None = None
    """Architecture of a model of text and images whose ``text_config`` is of this family."""
    hf_defaults: Mapping[str, Any] = field(default_factory=dict)
    """Values of keys that config.json may leave out, where they are not those of all families."""
    sliding: SlidingRule = late_layers
    """Which layers slide where config.json gives a window and no ``layer_types``."""
    gguf_defaults: Mapping[str, Any] = field(default_factory=dict)
    """Values of keys that the GGUF metadata may leave out."""
    gguf_norms_plus_one: bool = False
    """Whether GGUF files hold the weights of norms with one added."""

    @property
    def model_type(self) -> str:
        return self.hf_model_type or self.name
