"""An upstream server as it is stored, and what is known of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONTEXT_KEYS = ("context_length", "max_model_len", "context_window", "max_context_length")
"""Names under which servers list a model's context: OpenRouter and Fathom, vLLM, Groq, LM Studio."""


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """``thinking`` turns true once an answer of the model began with thinking: lists of models do not say it."""

    id: str
    context: int | None = None
    thinking: bool = False

    @classmethod
    def from_listing(cls, entry: Mapping[str, Any]) -> UpstreamModel:
        """From an entry of an upstream's list of models."""
        contexts = [entry[key] for key in CONTEXT_KEYS if isinstance(entry.get(key), int) and entry[key] > 0]
        return cls(str(entry["id"]), contexts[0] if contexts else None)

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "context": self.context, "thinking": self.thinking}


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
