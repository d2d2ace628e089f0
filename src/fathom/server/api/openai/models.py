"""The served model, as the API lists and names it."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from fathom.server.errors import ApiError, ApiProblem
from fathom.server.models.backend import Backend

THINKING_OF_ALIAS = {"deepseek-chat": False, "deepseek-reasoner": True}
"""Model names of DeepSeek's R1-era API, for the served model: a client of that API changes its base URL only."""


class ModelBody(TypedDict):
    """``context_length`` is in tokens, prompt and completion together."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    context_length: int


class ModelList(TypedDict):
    object: Literal["list"]
    data: list[ModelBody]


def model_body(backend: Backend) -> ModelBody:
    return {
        "id": backend.name,
        "object": "model",
        "created": backend.created,
        "owned_by": "fathom",
        "context_length": backend.max_context,
    }


def check_model(name: str | None, backend: Backend) -> None:
    """Raise a 404 unless ``name`` is the served model's, an alias of it, or missing."""
    if name is None or name == backend.name or name in backend.aliases or name in THINKING_OF_ALIAS:
        return
    message = f"the model {name!r} is not served here; ask for {backend.name!r}, or leave the model out"
    raise ApiError(ApiProblem(404, message, code="model_not_found", param="model"))
