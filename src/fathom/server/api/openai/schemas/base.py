"""What requests of this dialect share: strict JSON types, sampling parameters, usage.

Unknown fields are ignored, as by OpenAI's servers and compatible ones: clients send new fields before servers support
them. The exceptions are in ``REFUSED``: fields that would change the answer, and that are not supported. Known fields
are strict: ``"0.7"`` and ``NaN`` are not numbers, and nothing is clamped silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

REFUSED: Mapping[str, str] = {
    "logit_bias": "biasing single tokens is not supported; leave it out",
    "functions": "deprecated by OpenAI; send tools instead",
    "function_call": "deprecated by OpenAI; send tool_choice instead",
    "audio": "this server speaks text only; leave it out",
    "prediction": "predicted outputs are not supported; leave it out",
    "web_search_options": "searching the web is not supported here; leave it out",
}


def _whole(value: object) -> object:
    """Accept 1.0 as an integer: JSON does not distinguish, nor do languages with one number type."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, BeforeValidator(_whole)]
Temperature = Annotated[float, Field(ge=0, le=2)]
Probability = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Seed = Annotated[Integer, Field(ge=-(2**63), le=2**63 - 1)]
StopString = Annotated[str, Field(min_length=1, max_length=1024)]
StopList = Annotated[list[StopString], Field(max_length=16)]


class Body(BaseModel):
    """Base of all that clients send."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class StreamOptions(Body):
    include_usage: bool | None = None


class GenerationBody(Body):
    """Parameters that chat and text completions share. A null is the same as a missing field."""

    model: str | None = Field(None, description="A served id or alias; the served model where it is missing.")
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Temperature | None = None
    top_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: Seed | None = None
    stop: StopString | StopList | None = None
    n: Annotated[Integer, Field(ge=1, le=128)] | None = None
    max_tokens: Annotated[Integer, Field(ge=1, le=2**31 - 1)] | None = None
    user: str | None = None
    # beyond OpenAI's: names as the other open servers have them
    top_k: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = Field(None, description="0 switches it off.")
    min_p: Probability | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2)] | None = None
    ignore_eos: bool | None = Field(None, description="Go on after an end token, up to max_tokens.")
    return_token_ids: bool | None = Field(None, description="Add token_ids to each choice, prompt_token_ids above.")

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for name, reason in REFUSED.items():
                if value.get(name):
                    raise ValueError(f"{name}: {reason}")
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
