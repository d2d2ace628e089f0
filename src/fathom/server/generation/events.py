"""The events of a generation, in this order: ``GenerationStarted`` once, ``PromptScored`` once for each prompt where
the job asks for it, ``GenerationDelta`` many times, ``ChoiceFinished`` once for each choice, ``GenerationFinished``.

A request that cannot be served raises before ``GenerationStarted``, so that a route can still answer with an error
status; what raises later is no fault of the request.
"""

from __future__ import annotations

from dataclasses import dataclass

from fathom.engine.request import TokenLogprob
from fathom.server.generation.shown_tokens import ShownToken
from fathom.text.events import Event
from fathom.types import FinishReason, Usage


@dataclass(frozen=True, slots=True)
class GenerationStarted:
    """The engine has accepted the job. ``prompts``: the token ids of each prompt, as the model reads them."""

    prompts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PromptScored:
    """The log-probabilities of all tokens but the first of prompt ``index``, before any delta of its choices."""

    index: int
    logprobs: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class GenerationDelta:
    """New tokens of one choice. While text is held back, ``events`` and ``logprobs`` lag behind ``token_ids``."""

    index: int
    events: tuple[Event, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[ShownToken, ...]


@dataclass(frozen=True, slots=True)
class ChoiceFinished:
    """``mean_logprob``: of the choice's tokens, where their log-probabilities were requested."""

    index: int
    reason: FinishReason
    mean_logprob: float = 0.0


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    usage: Usage


GenerationEvent = GenerationStarted | PromptScored | GenerationDelta | ChoiceFinished | GenerationFinished
