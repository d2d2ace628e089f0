"""Requests to the engine and their output. Imports no torch, so that the server can use it while the model loads."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fathom.base.errors import RequestError
from fathom.types import FinishReason

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fathom.engine.grammar import CompiledGrammar


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters. ``temperature`` 0 is greedy; ``top_k`` 0, ``top_p`` 1 and ``min_p`` 0 switch a filter off.

    ``logprobs`` is the number of alternatives to report beside the chosen token's (None: report nothing). With a
    ``seed`` a completion depends on the prompt and these parameters alone, not on what else is in the batch.
    ``max_tokens`` None: up to the end of the context.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = None
    n: int = 1

    def __post_init__(self) -> None:
        bounds: tuple[tuple[str, float, float], ...] = (
            ("temperature", 0.0, 100.0),
            ("top_p", 0.0, 1.0),
            ("min_p", 0.0, 1.0),
            ("presence_penalty", -2.0, 2.0),
            ("frequency_penalty", -2.0, 2.0),
        )
        for name, low, high in bounds:
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise RequestError(f"{name} is {value}", f"choose a value between {low:g} and {high:g}")
        if not 0 < self.repetition_penalty < float("inf"):
            raise RequestError(f"repetition_penalty is {self.repetition_penalty}", "choose a positive number")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise RequestError(f"max_tokens is {self.max_tokens}", "ask for at least 1 token")
        if self.top_k < 0 or self.n < 1:
            raise RequestError("top_k must be at least 0 and n at least 1", "choose other values")


@dataclass(frozen=True, slots=True)
class GrammarSpec:
    """A grammar for the text: any JSON object, a JSON schema (dict), or a Lark grammar / regular expression (str).

    With ``after`` it applies once that text has been generated (``</think>``), so that a model may think first. A Lark
    grammar may use the names of ``schemas`` as rules: JSON that fits that schema, one space after colons and commas.
    """

    kind: Literal["json_object", "json_schema", "lark", "regex"]
    value: Any = None
    after: str | None = None
    schemas: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt of token ids with sampling parameters. ``cache_salt`` isolates the prefix cache between users.

    ``prompt_logprobs`` asks for the log-probability of every prompt token but the first (teacher-forced scoring), with
    as many alternatives as ``sampling.logprobs`` says; they come with the first chunk of completion 0.
    """

    prompt: tuple[int, ...]
    sampling: SamplingParams = SamplingParams()
    grammar: GrammarSpec | None = None
    cache_salt: str = ""
    prompt_logprobs: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True, slots=True)
class ValidatedRequest:
    """A request that the engine can serve, with its grammar compiled. Made by `EngineCore.validate`."""

    request: Request
    grammar: CompiledGrammar | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The log-probability of a sampled token, and of the most likely ones at its position, best first."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """New tokens and text of one completion (``index`` of ``n``).

    ``text`` never ends inside a character or a possible stop string; a stop string itself is not part of it. The last
    chunk of each completion carries ``finish_reason``, and ``experts`` (L, T, K), of all its tokens but the last and of
    the prompt's, where the engine records them. ``cached_tokens`` is set on every chunk. ``token_ids`` include
    the end token and those of a stop string. Log-probabilities are those of the model itself: before temperature,
    penalties, filters and grammar.
    """

    index: int
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    cached_tokens: int = 0
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    experts: npt.NDArray[np.int16] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot for health pages and metrics. ``*_tokens`` and ``finished`` count since the engine started."""

    waiting: int
    running: int
    pages_total: int
    pages_free: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    finished: int
