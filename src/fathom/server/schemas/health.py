"""``/health``: what the page and a load balancer look at."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class CapabilitiesBody(TypedDict):
    """``thinking``: the client may switch it on and off. ``tools``: calls are understood."""

    thinking: bool
    tools: bool


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
    """``stage`` and ``progress`` (0…1, null where unknown) while loading, ``error`` when failed, else the rest."""

    status: Literal["loading", "ready", "failed"]
    version: str
    model: str | None
    stage: str | None
    progress: float | None
    error: FailureBody | None
    capabilities: CapabilitiesBody | None
    engine: EngineBody | None
