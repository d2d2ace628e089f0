"""``/v1/completions``: plain continuation of text or of token ids, without a chat template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NotRequired

from pydantic import Discriminator, Field, Tag
from typing_extensions import TypedDict

from fathom.server.api.openai.schemas.base import GenerationBody, Integer, MaxTokens, UsageBody
from fathom.server.api.openai.schemas.unsupported import UNSUPPORTED, UNSUPPORTED_IN_COMPLETIONS, UnsupportedField

TokenIds = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
Texts = Annotated[list[str], Field(min_length=1, max_length=128)]
TokenLists = Annotated[list[TokenIds], Field(min_length=1, max_length=128)]


def _prompt_kind(prompt: Any) -> str:
    """The tag of the kind of prompt, by its first entry, so that an error is about that kind."""
    if not isinstance(prompt, list):
        return "Text"
    first = prompt[0] if prompt else ""
    if isinstance(first, list):
        return "TokenLists"
    return "TokenIds" if isinstance(first, int | float) else "Texts"


Prompt = Annotated[
    Annotated[str, Tag("Text")]
    | Annotated[Texts, Tag("Texts")]
    | Annotated[TokenIds, Tag("TokenIds")]
    | Annotated[TokenLists, Tag("TokenLists")],
    Discriminator(_prompt_kind),
]
"""Text, several texts, token ids, or several lists of them."""


class CompletionRequest(GenerationBody):
    prompt: Prompt
    max_tokens: MaxTokens | None = Field(
        None, description="16 where it is missing; 0 only reads the prompt; -1: to the end of the context."
    )
    echo: bool | None = Field(
        None,
        description="Put the prompt before each completion's text, and its tokens before those in logprobs.",
    )
    suffix: str | None = Field(
        None, description="Fill in between prompt and suffix, where the model's vocabulary has the tokens for it."
    )
    best_of: Annotated[Integer, Field(ge=1, le=128)] | None = Field(
        None, description="Generate so many and return the n with the highest log-probability per token."
    )
    logprobs: Annotated[Integer, Field(ge=0, le=20)] | None = None
    add_special_tokens: bool | None = Field(
        None, description="False: a text begins without the bos token that the tokenizer would add."
    )

    unsupported: ClassVar[Mapping[str, UnsupportedField]] = {**UNSUPPORTED, **UNSUPPORTED_IN_COMPLETIONS}


class CompletionLogprobs(TypedDict):
    """Four lists of one length, with an entry for each token whose text is shown.

    ``text_offset`` counts characters from the start of the choice's text; a part of a character has the place of the
    whole. With ``echo`` there is an entry for every token of prompt and completion, end tokens included, as clients
    that score texts count them; the first has no log-probability.
    """

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None]
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
