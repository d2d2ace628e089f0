"""An upstream server as it is stored, and what is known of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CONTEXT_KEYS = ("context_length", "max_model_len", "context_window", "max_context_length")
"""Names under which servers list a model's context: OpenRouter and Fathom, vLLM, Groq, LM Studio."""


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """``thinking`` turns true once an answer of the model began with thinking: lists of models do not say it.
    ``prices`` are US dollars for a token of the prompt and of the completion, where the list says them (OpenRouter's).
    """

    id: str
    context: int | None = None
    thinking: bool = False
    prices: tuple[float, float] | None = None

    @classmethod
    def from_listing(cls, entry: Mapping[str, Any]) -> UpstreamModel:
        """From an entry of an upstream's list of models."""
        contexts = [entry[key] for key in CONTEXT_KEYS if isinstance(entry.get(key), int) and entry[key] > 0]
        return cls(str(entry["id"]), contexts[0] if contexts else None, prices=_prices(entry.get("pricing")))

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> UpstreamModel:
        """What `as_json` gave, also of an earlier version."""
        prices = entry.get("prices")
        return cls(entry["id"], entry["context"], entry["thinking"], tuple(prices) if prices else None)

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "context": self.context, "thinking": self.thinking, "prices": self.prices}


def _prices(pricing: Any) -> tuple[float, float] | None:
    """The prices of an entry of a list; None where there are none, or they are no prices."""
    try:
        prompt, completion = float(pricing["prompt"]), float(pricing["completion"])
    except (KeyError, TypeError, ValueError):
        return None
    return (prompt, completion) if 0 <= prompt < 1 and 0 <= completion < 1 else None


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
