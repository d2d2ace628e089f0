"""The models that can answer, as the API lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from fathom.server.errors import UnavailableError
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.served_model import ServedModel

if TYPE_CHECKING:
    from fathom.server.models.local import LocalModel

THINKING_OF_ALIAS = {"deepseek-chat": False, "deepseek-reasoner": True}
"""The served model's names of DeepSeek's R1-era API: a client of that API changes its base URL only."""


class ModelBody(TypedDict):
    """``context_length`` is in tokens, prompt and completion together; null: its files do not say it, and it is not
    loaded."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    context_length: int | None


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


async def model_list(registry: ModelRegistry) -> ModelList:
    """The served model, then the others that are on this machine. Raises as `Runtime.model` where none can answer."""
    others = [local_body(model) for model in (await registry.local_models()).values()]
    try:
        served = [model_body(await registry.served.model())]
    except UnavailableError:
        if not others:
            raise
        served = []
    return {"object": "list", "data": [*served, *others]}


async def model_named(registry: ModelRegistry, name: str) -> ModelBody:
    """The model with this id or alias. Raises UnknownModelError."""
    local = (await registry.local_models()).get(name)
    if local is not None:
        return local_body(local)
    await registry.source(name)
    return model_body(await registry.served.model())


def local_body(model: LocalModel) -> ModelBody:
    """The entry of a model that is on this machine, loaded or not."""
    return {
        "id": model.id,
        "object": "model",
        "created": int(model.path.stat().st_mtime) if model.path.exists() else 0,
        "owned_by": "fathom",
        "context_length": model.facts.context,
    }
