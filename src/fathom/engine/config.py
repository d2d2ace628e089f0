"""The engine's configuration, validated on construction. Imports no torch, so that settings can hold it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fathom.base.errors import ConfigError

CacheDtype = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Sizes and bounds of one engine.

    ``max_context`` is the most tokens a sequence may hold, prompt included (None: the model's own limit); the engine
    lowers it to what the cache can hold. ``max_batch_tokens`` is the budget of one step: decodes come first,
    prefill chunks take the rest. ``cache_bytes`` or ``num_pages`` size the cache (``num_pages`` wins); it never grows
    beyond what ``max_sequences`` full contexts need. ``max_queue`` bounds the sequences that wait beside
    ``max_sequences`` running ones. ``eos_ids`` replaces the tokenizer's end tokens, where a checkpoint's generation
    config has more of them. ``num_scheduler_steps``: the most steps at once of sequences that ask only for tokens
    (:mod:`fathom.engine.multi_step`); more than 1 suits callers that wait for whole completions. ``record_experts``:
    the last chunk of a completion holds the experts of its tokens, for training. ``attention_threads`` None: as many as
    torch has. ``seed`` makes unseeded requests repeatable, for tests.
    """

    max_context: int | None = None
    max_batch_tokens: int = 512
    max_sequences: int = 32
    page_size: int = 16
    cache_bytes: int = 1 << 30
    num_pages: int | None = None
    cache_dtype: CacheDtype = "auto"
    max_queue: int = 256
    prefix_cache: bool = True
    eos_ids: frozenset[int] | None = None
    num_scheduler_steps: int = 1
    record_experts: bool = False
    attention_threads: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_batch_tokens", "max_sequences", "page_size", "cache_bytes", "num_scheduler_steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} is {getattr(self, name)}", "choose at least 1")
        for name in ("max_context", "num_pages"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} is {value}", "choose at least 1, or leave it out")
        if self.max_queue < 0:
            raise ConfigError(f"max_queue is {self.max_queue}", "choose at least 0")
        if self.max_batch_tokens < self.max_sequences:
            raise ConfigError(
                f"max_batch_tokens {self.max_batch_tokens} is less than max_sequences {self.max_sequences}",
                "every running sequence needs one token a step: raise the one or lower the other",
            )
