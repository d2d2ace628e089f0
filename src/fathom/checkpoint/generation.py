"""How a model's authors want it sampled, and which tokens end its turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fathom.base.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class GenerationDefaults:
    """Sampling where a client asks for nothing else; None where the authors say nothing. Field names are those of
    ``SamplingParams``. ``eos_ids`` holds every token that ends a turn, by the model's files taken together.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    eos_ids: frozenset[int] = frozenset()

    def as_config(self) -> dict[str, Any]:
        """The sampling in the words of ``generation_config.json``; `from_generation_config` reads it back."""
        if self.temperature == 0:
            return {"do_sample": False}
        names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        samples = {"do_sample": True} if values.keys() - {"repetition_penalty"} else {}
        return {**samples, **values}


def from_generation_config(values: Mapping[str, Any], eos_ids: frozenset[int]) -> GenerationDefaults:
    """From ``generation_config.json``. ``do_sample: false``, written out, means greedy."""
    greedy = values.get("do_sample") is False
    return GenerationDefaults(
        temperature=0.0 if greedy else _number(values, "temperature"),
        top_p=None if greedy else _share(values, "top_p"),
        top_k=None if greedy else _whole(values, "top_k"),
        min_p=None if greedy else _number(values, "min_p"),
        repetition_penalty=_number(values, "repetition_penalty"),
        eos_ids=eos_ids | token_ids(values.get("eos_token_id")),
    )


def from_gguf(metadata: Mapping[str, Any], eos_ids: frozenset[int]) -> GenerationDefaults:
    """From ``general.sampling.*``, which current converters copy from ``generation_config.json``."""
    return GenerationDefaults(
        temperature=_number(metadata, "general.sampling.temp"),
        top_p=_share(metadata, "general.sampling.top_p"),
        top_k=_whole(metadata, "general.sampling.top_k"),
        min_p=_number(metadata, "general.sampling.min_p"),
        repetition_penalty=_number(metadata, "general.sampling.penalty_repeat"),
        eos_ids=eos_ids,
    )


def token_ids(value: Any) -> frozenset[int]:
    """``eos_token_id`` may be absent, a number or a list."""
    if value is None:
        return frozenset()
    values = value if isinstance(value, list | tuple) else [value]
    if not all(type(token) is int and token >= 0 for token in values):
        raise CheckpointError(f"eos_token_id is {value!r}", "it must be a token id or a list of them")
    return frozenset(values)


def _number(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise CheckpointError(f"{key} is {value!r}", "it must be a number that is not negative: correct or remove it")
    return float(f"{value:.7g}")  # GGUF stores float32


def _share(values: Mapping[str, Any], key: str) -> float | None:
    """A part of the probability; what exceeds 1 keeps every token, as 1 does."""
    value = _number(values, key)
    return None if value is None else min(value, 1.0)


def _whole(values: Mapping[str, Any], key: str) -> int | None:
    if values.get(key) == -1:  # vLLM's "off"
        return None
    value = _number(values, key)
    return None if value is None else int(value)
