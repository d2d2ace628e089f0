"""The served model, as the API lists and names it."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from fathom.server.errors import ApiError, ApiProblem
from fathom.server.models.served_model import ServedModel

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


def model_body(served: ServedModel) -> ModelBody:
    return {
        "id": served.name,
        "object": "model",
        "created": served.created,
        "owned_by": "fathom",
        "context_length": served.max_context,
    }


def check_model(name: str | None, served: ServedModel) -> None:
    """Raise a 404 unless ``name`` is the served model's, an alias of it, or missing."""
    if name is None or name == served.name or name in served.aliases or name in THINKING_OF_ALIAS:
        return
    message = f"the model {name!r} is not served here; ask for {served.name!r}, or leave the model out"
    raise ApiError(ApiProblem(404, message, code="model_not_found", param="model"))
