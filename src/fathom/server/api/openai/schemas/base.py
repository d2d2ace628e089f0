"""What requests of this dialect share: strict JSON types, sampling parameters, usage.

Known fields are strict: ``"0.7"`` and ``NaN`` are not numbers, and nothing is clamped silently. Unknown fields are
ignored: clients send new fields before servers support them. The exceptions are in `unsupported`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from fathom.server.api.openai.schemas.unsupported import UNSUPPORTED, UnsupportedField, check_unsupported


def _whole(value: object) -> object:
    """Accept 1.0 as an integer: JSON does not distinguish, nor do languages with one number type."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, BeforeValidator(_whole)]
Temperature = Annotated[float, Field(ge=0, le=2)]
Probability = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Seed = Annotated[Integer, Field(ge=-(2**63), le=2**64 - 1)]
MaxTokens = Annotated[Integer, Field(ge=-1, le=2**31 - 1)]
TokenId = Annotated[Integer, Field(ge=0, le=2**31 - 1)]
TokenIdKey = Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
Bias = Annotated[float, Field(ge=-100, le=100)]
LogitBias = Annotated[dict[TokenIdKey, Bias], Field(max_length=1024)]
StopString = Annotated[str, Field(min_length=1, max_length=1024)]
StopList = Annotated[list[StopString], Field(max_length=16)]


class Body(BaseModel):
    """Base of all that clients send."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class StreamOptions(Body):
    include_usage: bool | None = None


class GenerationBody(Body):
    """Parameters that chat and text completions share. A null is the same as a missing field."""

    model: str | None = Field(None, description="A served id or alias; the served model where it is missing or empty.")
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    top_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: Seed | None = Field(None, description="Any integer of 64 bits, also a negative one, repeats its answer.")
    stop: StopString | StopList | None = None
    n: Annotated[Integer, Field(ge=1, le=128)] | None = None
    max_tokens: MaxTokens | None = Field(None, description="-1: to the end of the context.")
    logit_bias: LogitBias | None = Field(
        None,
        description="By token id, what is added to the logit: -100 bans the token, 100 leaves only the tokens at 100.",
    )
    user: str | None = None
    # beyond OpenAI's: names as the other open servers have them
    top_k: Annotated[Integer, Field(ge=-1)] | None = Field(None, description="0 and -1 switch it off.")
    min_p: Probability | None = None
    repetition_penalty: Annotated[float, Field(ge=0.01, le=2)] | None = None
    min_tokens: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = Field(
        None, description="No end token before so many tokens; a stop string ends the answer all the same."
    )
    stop_token_ids: Annotated[list[TokenId], Field(max_length=1024)] | None = Field(
        None, description="Further end tokens, also with ignore_eos."
    )
    cache_salt: str | None = Field(None, description="Requests share cached prefixes only where their salts are equal.")
    ignore_eos: bool | None = Field(None, description="Go on after an end token, up to max_tokens.")
    return_token_ids: bool | None = Field(
        None,
        description="Add token_ids to each choice, prompt_token_ids above. Log-probabilities then have an entry for "
        "each of token_ids, end tokens included.",
    )

    unsupported: ClassVar[Mapping[str, UnsupportedField]] = UNSUPPORTED

    @model_validator(mode="before")
    @classmethod
    def _check_unsupported(cls, value: Any) -> Any:
        check_unsupported(value, cls.unsupported)
        return value


class PromptTokensDetails(TypedDict):
    cached_tokens: int


class CompletionTokensDetails(TypedDict):
    reasoning_tokens: int


class UsageBody(TypedDict):
    """``prompt_tokens`` is always the sum of cache hits and misses."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_cache_hit_tokens: int
    prompt_cache_miss_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails
