"""An upstream server as it is stored, and what is known of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

CONTEXT_KEYS = ("context_length", "max_model_len", "context_window", "max_context_length")
"""Names under which servers list a model's context: OpenRouter and Fathom, vLLM, Groq, LM Studio."""

MODALITY_KEYS = ("input_modalities", "supported_input_modalities", "modalities")
"""Lists of what a model reads, in an entry or its ``architecture``: OpenRouter and llama-server, GitHub, others."""

VISION_KEYS = ("vision", "supports_vision", "supports_image_in", "supports_image_input")
"""Switches, as Moonshot and Fireworks list them; Mistral's is in ``capabilities``, which elsewhere is a list."""

VISION_WORDS = ("image", "vision", "multimodal")


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """``thinking`` turns true once an answer of the model began with thinking: lists of models do not say it.
    ``prices`` are US dollars for a token of the prompt and of the completion, where the list says them (OpenRouter's).
    ``listed_vision``: whether it sees pictures by the list, ``chosen_vision`` by the user; None: not said.
    """

    id: str
    context: int | None = None
    thinking: bool = False
    prices: tuple[float, float] | None = None
    listed_vision: bool | None = None
    chosen_vision: bool | None = None

    @property
    def vision(self) -> bool:
        """Whether it is sent pictures. What the user says goes before the list; where nothing is said, it sees none."""
        return bool(self.listed_vision if self.chosen_vision is None else self.chosen_vision)

    @classmethod
    def from_listing(cls, entry: Mapping[str, Any]) -> UpstreamModel:
        """From an entry of an upstream's list of models."""
        contexts = [entry[key] for key in CONTEXT_KEYS if isinstance(entry.get(key), int) and entry[key] > 0]
        context, prices = contexts[0] if contexts else None, _prices(entry.get("pricing"))
        return cls(str(entry["id"]), context, prices=prices, listed_vision=_sees(entry))

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> UpstreamModel:
        """What `as_json` gave, also of an earlier version."""
        prices = entry.get("prices")
        vision = entry.get("listed_vision"), entry.get("chosen_vision")
        return cls(entry["id"], entry["context"], entry["thinking"], tuple(prices) if prices else None, *vision)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _prices(pricing: Any) -> tuple[float, float] | None:
    """The prices of an entry of a list; None where there are none, or they are no prices."""
    try:
        prompt, completion = float(pricing["prompt"]), float(pricing["completion"])
    except (KeyError, TypeError, ValueError):
        return None
    return (prompt, completion) if 0 <= prompt < 1 and 0 <= completion < 1 else None


def _sees(entry: Mapping[str, Any]) -> bool | None:
    """Whether a model sees pictures by an entry of a list; None where the entry says nothing about it."""
    architecture = entry.get("architecture")
    abilities = entry.get("capabilities")
    places = [entry.get(key) for key in MODALITY_KEYS]
    places += [architecture.get(key) for key in MODALITY_KEYS] if isinstance(architecture, dict) else []
    lists = [place for place in (*places, abilities) if isinstance(place, list)]
    flags = [abilities.get("vision")] if isinstance(abilities, dict) else []
    flags = [flag for flag in (*flags, *(entry.get(key) for key in VISION_KEYS)) if isinstance(flag, bool)]
    if not lists and not flags:
        return None
    return any(flags) or any(word in VISION_WORDS for words in lists for word in words if isinstance(word, str))


@dataclass(frozen=True, slots=True)
class Upstream:
    """``name`` is unique and part of its models' ids; ``api_key`` never leaves the server."""

    id: str
    name: str
    base_url: str
    api_key: str | None
    models: tuple[UpstreamModel, ...]
    created: int

    def model_id(self, model: UpstreamModel) -> str:
        """The name of a model in `/api/models`: its own, and the upstream's behind an @."""
        return f"{model.id}@{self.name}"

    @property
    def masked_key(self) -> str | None:
        """Enough of the key to recognize it; None without one."""
        if self.api_key is None:
            return None
        return f"…{self.api_key[-4:]}" if len(self.api_key) >= 16 else "…"
