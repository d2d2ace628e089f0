"""``/v1/models``: what is served."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


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
