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


SMALLEST_TEMPERATURE = 2.0**-126
"""The smallest normal number of float32."""

_BOUNDS = {
    "temperature": (0.0, 100.0),
    "top_p": (0.0, 1.0),
    "min_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "frequency_penalty": (-2.0, 2.0),
    "repetition_penalty": (0.01, 100.0),  # beyond these a penalized logit could leave float32
}


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters. ``temperature`` 0 is greedy; ``top_k`` 0, ``top_p`` 1 and ``min_p`` 0 switch a filter off.

    ``logprobs`` is the number of alternatives to report beside the chosen token's (None: report nothing). With a
    ``seed`` a completion depends on the prompt and these parameters alone, not on what else is in the batch.
    ``max_tokens`` None: up to the end of the context; 0: the prompt is computed, and no token sampled. No end token is
    chosen before ``min_tokens``. ``logit_bias`` holds pairs of a token id and what is added to its logit, from -100,
    which bans the token, to 100, which leaves only the tokens at 100. A temperature too small for float32 is 0.
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
    min_tokens: int = 0
    logit_bias: tuple[tuple[int, float], ...] = ()
    logprobs: int | None = None
    n: int = 1

    def __post_init__(self) -> None:
        if 0 < self.temperature < SMALLEST_TEMPERATURE:
            object.__setattr__(self, "temperature", 0.0)
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:  # also refuses NaN
                raise RequestError(f"{name} is {value}", f"choose a value between {low:g} and {high:g}", name)
        if self.max_tokens is not None and self.max_tokens < 0:
            raise RequestError(f"max_tokens is {self.max_tokens}", "choose at least 0", "max_tokens")
        most = float("inf") if self.max_tokens is None else self.max_tokens
        if not 0 <= self.min_tokens <= most:
            raise RequestError(f"min_tokens is {self.min_tokens}", "choose a number from 0 to max_tokens", "min_tokens")
        if self.top_k < 0 or self.n < 1:
            raise RequestError("top_k must be at least 0 and n at least 1", "choose other values")
        for token, bias in self.logit_bias:
            if not -100 <= bias <= 100:
                remedy = "choose a value between -100 and 100"
                raise RequestError(f"the bias of token {token} is {bias}", remedy, "logit_bias")


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
class AnswerStop:
    """Stop strings that count in the answer, not in the thinking before it.

    ``closer`` ends the thinking. The completion thinks if it begins with ``opener``; "": the prompt has opened it.
    """

    texts: tuple[str, ...]
    opener: str
    closer: str


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt of token ids with sampling parameters. ``cache_salt`` isolates the prefix cache between users.

    ``answer_stop`` are stop strings beside those of ``sampling``, which count everywhere. ``starts_text``: the
    completion is a text of its own (the turn of a chat), so a space that a SentencePiece encoder puts before a text is
    not part of it; it is part of a continuation.

    ``prompt_logprobs`` asks for the log-probability of every prompt token but the first (teacher-forced scoring), with
    as many alternatives as ``sampling.logprobs`` says; they come with the first chunk of completion 0.

    ``completion`` resumes: the tokens that an earlier request with these fields has generated. The first chunk holds
    them with their text (without log-probabilities), and those that follow are the ones an uninterrupted request would
    have generated: random numbers, penalties, limits, stop strings, grammar and characters go on from there.
    """

    prompt: tuple[int, ...]
    sampling: SamplingParams = SamplingParams()
    grammar: GrammarSpec | None = None
    cache_salt: str = ""
    prompt_logprobs: bool = False
    answer_stop: AnswerStop | None = None
    starts_text: bool = False
    completion: tuple[int, ...] = ()
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
    the prompt's, where the engine records them. ``cached_tokens`` is set on every chunk. ``token_ids`` include the end
    token and those of a stop string. ``spans`` (none without a tokenizer): for each token, start and end of the
    characters that it completes, counted through the completion, a stop string included. Log-probabilities are those of
    the model itself: before temperature, penalties, biases, filters and grammar.
    """

    index: int
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    cached_tokens: int = 0
    prompt_logprobs: tuple[TokenLogprob, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
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
