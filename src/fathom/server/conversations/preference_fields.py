"""What a person sets once: how answers are wished for, the language, how long things are kept, defaults of runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)


class SearchPreferences(_Strict):
    """Which provider answers web searches; ``url`` is that of a SearXNG server."""

    provider: Literal["duckduckgo", "searxng"] | None = None
    url: str | None = Field(default=None, max_length=2000, pattern=r"^https?://[^ ]+$")


class RunPreferences(_Strict):
    """How answers are made where neither the request nor the conversation says. None: what the model recommends."""

    model: str | None = Field(default=None, max_length=300)
    thinking: Literal["off", "low", "high", "budget"] | None = None
    thinking_budget: int | None = Field(default=None, ge=1, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1, le=1_000_000)
    seed: int | None = Field(default=None, ge=0, lt=1 << 63)
    tools: list[str] | None = Field(default=None, max_length=100)
    search: bool | None = None
    together: int | None = Field(default=None, ge=2, le=16)


class Preferences(_Strict):
    """``retention_days``: conversations without a message for so long go to the trash (None: they are kept; pinned ones
    always are). ``trash_days``: how long the trash keeps them."""

    custom_instructions: str = Field(default="", max_length=20_000)
    memory: bool = True
    language: str | None = Field(default=None, max_length=35, pattern=r"^[A-Za-z0-9-]+$")
    retention_days: int | None = Field(default=None, ge=1, le=36_500)
    trash_days: int = Field(default=30, ge=1, le=36_500)
    search: SearchPreferences = SearchPreferences()
    run: RunPreferences = RunPreferences()
