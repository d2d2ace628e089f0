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
    max_tokens: int | None
    stop: tuple[str, ...]
    stop_token_ids: tuple[int, ...]
    ignore_eos: bool
    min_tokens: int
    logit_bias: tuple[tuple[int, float], ...]
    logprobs: int
    n: int


@dataclass(frozen=True, slots=True)
class ChatJob:
    """One turn of a conversation, generated ``sampling["n"]`` times.

    ``grammar`` constrains the answer, not the thinking before it; with tools on offer the model may call instead.
    ``call`` forces a tool call: of any tool (True) or of the one of that name. With ``parallel_calls`` False a choice
    ends after its first call. ``every_token``: report the log-probabilities of all tokens, not only of those whose text
    is shown. ``completion`` resumes: the tokens that this job has generated before; their events come first. With
    ``close_thinking`` the thinking ends behind them: the tokens of its closing tag count as generated.
    """

    conversation: Conversation
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    grammar: GrammarSpec | None = None
    call: bool | str = False
    parallel_calls: bool = True
    every_token: bool = False
    cache_salt: str = ""
    completion: tuple[int, ...] = ()
    close_thinking: bool = False

    @property
    def callable_tools(self) -> tuple[Tool, ...]:
        """The tools that the model may call."""
        tools = self.conversation.tools
        return tuple(tool for tool in tools if tool.name == self.call) if isinstance(self.call, str) else tools


@dataclass(frozen=True, slots=True)
class TextJob:
    """The continuation of each prompt (text, or token ids). Choice ``i * n + j`` is the ``j``-th of prompt ``i``.

    With a ``suffix``, the text between each prompt and it. ``score_prompts``: report the log-probabilities of the
    prompts' tokens; ``every_token`` as in `ChatJob`. ``add_special_tokens`` False: a text begins without the bos token
    that the tokenizer would add.
    """

    prompts: tuple[str | tuple[int, ...], ...]
    sampling: SamplingOverrides = field(default_factory=SamplingOverrides)
    suffix: str = ""
    score_prompts: bool = False
    every_token: bool = False
    add_special_tokens: bool = True
    cache_salt: str = ""


def sampling_params(recommended: SamplingParams, overrides: SamplingOverrides) -> SamplingParams:
    """The client's choices over the model's recommendation. Its own stop tokens hold even with ``ignore_eos``."""
    params = replace(recommended, **overrides)
    ends = () if params.ignore_eos else recommended.stop_token_ids
    return replace(params, stop_token_ids=(*ends, *overrides.get("stop_token_ids", ())))
