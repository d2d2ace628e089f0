"""What a client wants generated, independent of the API dialect that it was asked in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from typing_extensions import TypedDict

from fathom.engine.request import GrammarSpec, SamplingParams
from fathom.types import Conversation, Tool


class SamplingOverrides(TypedDict, total=False):
    """The fields of SamplingParams that a client chose; the rest is the model's own recommendation."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    presence_penalty: float
    frequency_penalty: float
    repetition_penalty: float
    seed: int
    max_tokens: int
    stop: tuple[str, ...]
    ignore_eos: bool
    logprobs: int
    n: int


@dataclass(frozen=True, slots=True)
class ChatJob:
    """One turn of a conversation, generated ``sampling["n"]`` times.

    ``grammar`` constrains the answer, not the thinking before it; with tools on offer the model may call instead.
    ``call`` forces a tool call: of any tool (True) or of the one of that name. With ``parallel_calls`` False a choice
    ends after its first call.
    """

    conversation: Conversation
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    grammar: GrammarSpec | None = None
    call: bool | str = False
    parallel_calls: bool = True
    cache_salt: str = ""

    @property
    def callable_tools(self) -> tuple[Tool, ...]:
        """The tools that the model may call."""
        tools = self.conversation.tools
        return tuple(tool for tool in tools if tool.name == self.call) if isinstance(self.call, str) else tools


@dataclass(frozen=True, slots=True)
class TextJob:
    """The continuation of each prompt (text, or token ids). Choice ``i * n + j`` is the ``j``-th of prompt ``i``."""

    prompts: tuple[str | tuple[int, ...], ...]
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    cache_salt: str = ""


def sampling_params(recommended: SamplingParams, overrides: SamplingOverrides) -> SamplingParams:
    """The client's choices over the model's recommendation."""
    params = replace(recommended, **overrides)
    return replace(params, stop_token_ids=()) if params.ignore_eos else params
