"""``/v1/completions``: plain continuation of text or of token ids, without a chat template."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from fathom.server.api.openai.schemas.base import GenerationBody, Integer, UsageBody

TokenIds = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
Texts = Annotated[list[str], Field(min_length=1, max_length=128)]
TokenLists = Annotated[list[TokenIds], Field(min_length=1, max_length=128)]


class CompletionRequest(GenerationBody):
    prompt: str | Texts | TokenIds | TokenLists
    echo: bool | None = Field(None, description="Put the prompt before each completion's text.")
    suffix: str | None = Field(None, description="Not supported by the served models; refused where it is not empty.")
    best_of: Annotated[Integer, Field(ge=1)] | None = Field(None, description="Refused where it differs from n.")
    logprobs: Annotated[Integer, Field(ge=0, le=20)] | None = None


class CompletionLogprobs(TypedDict):
    """Four lists of one length. ``text_offset`` counts characters from the start of the choice's text."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class CompletionChoice(TypedDict):
    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: str | None
    token_ids: NotRequired[list[int]]
    prompt_token_ids: NotRequired[list[int]]


class Completion(TypedDict):
    """Also the shape of a stream's chunks, where ``finish_reason`` is null until the last of a choice."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[CompletionChoice]
    usage: NotRequired[UsageBody | None]
