"""The events of a generation, in this order: ``GenerationStarted`` once, ``GenerationDelta`` many times,
``ChoiceFinished`` once for each choice, ``GenerationFinished`` once.

An invalid request raises before the first ``GenerationDelta``, so that a route can still answer with an error status.
"""

from __future__ import annotations

from dataclasses import dataclass

from fathom.engine.request import TokenLogprob
from fathom.text.events import Event
from fathom.types import FinishReason, Usage


@dataclass(frozen=True, slots=True)
class GenerationStarted:
    """``prompts``: the token ids of each prompt, as the model reads them."""

    prompts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class GenerationDelta:
    """New tokens of one choice. ``events`` may be empty while text is held back; the tokens are reported at once."""

    index: int
    events: tuple[Event, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...]
    thinking: bool


@dataclass(frozen=True, slots=True)
class ChoiceFinished:
    index: int
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    usage: Usage


GenerationEvent = GenerationStarted | GenerationDelta | ChoiceFinished | GenerationFinished
