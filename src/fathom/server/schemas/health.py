"""``/health``: what the page and a load balancer look at."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class ProgressBody(TypedDict):
    """``fraction`` lies between 0 and 1; null where nobody knows how much is left."""

    text: str
    fraction: float | None


class FailureBody(TypedDict):
    message: str
    remedy: str


class EngineBody(TypedDict):
    waiting: int
    running: int
    pages_total: int
    pages_free: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    finished: int


class Health(TypedDict):
    """``progress`` while loading, ``error`` when failed, ``model`` and ``engine`` when ready; null otherwise."""

    status: Literal["loading", "ready", "failed"]
    version: str
    model: str | None
    progress: ProgressBody | None
    error: FailureBody | None
    engine: EngineBody | None
