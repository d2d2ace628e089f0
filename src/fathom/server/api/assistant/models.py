"""``/api/models``: what there is to choose from, and what can be done with it: fetch, load, measure, delete."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter
from starlette.responses import Response
from typing_extensions import TypedDict

from fathom.base.errors import FathomError
from fathom.checkpoint.resolve import is_repository
from fathom.server.api.assistant.common import not_found, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import ApiError, ApiProblem
from fathom.server.models.downloads import remove_files
from fathom.server.models.speed import measure_speed

if TYPE_CHECKING:
    from fathom.server.models.catalog import Catalog, CatalogEntry


class ModelError(TypedDict):
    message: str
    remedy: str


class ModelRow(TypedDict):
    """``id`` is what runs and requests name. ``state``: `ready` answers at once; `available` is loaded when it is asked
    for; `downloadable` has to be fetched first. ``progress`` is 0…1, of loading, of a download, or of an interrupted
    one (state `downloadable`). ``bytes`` are of its files, ``memory_bytes`` about what running it takes, ``fits``
    whether this machine has them. ``thinking``: it can think before it answers. ``origin`` says where the files of a
    local one are from; ``removable`` ones were fetched by Fathom. null: unknown."""

    id: str
    name: str
    kind: Literal["local", "recommended", "upstream"]
    state: Literal["ready", "loading", "available", "downloadable", "downloading", "failed"]
    stage: str | None
    progress: float | None
    error: ModelError | None
    licence: str | None
    parameters: int | None
    bytes: int | None
    memory_bytes: int | None
    fits: bool
    tokens_per_second: float | None
    thinking: bool
    tools: bool
    vision: bool
    context: int | None
    purpose: str
    languages: str
    origin: Literal["embedded", "pulled", "own", "hub_cache", "run"] | None
    served: bool
    removable: bool


class ModelRows(TypedDict):
    data: list[ModelRow]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()
    endpoints = _ModelRoutes(handle)
    routes.add_api_route("/models", endpoints.list_all, methods=["GET"])
    one = "/models/{model:path}"
    routes.add_api_route(f"{one}/download", endpoints.download, methods=["POST"], status_code=202)
    routes.add_api_route(f"{one}/download", endpoints.cancel, methods=["DELETE"], status_code=204)
    routes.add_api_route(f"{one}/load", endpoints.load, methods=["POST"], status_code=202)
    routes.add_api_route(f"{one}/load", endpoints.unload, methods=["DELETE"], status_code=204)
    routes.add_api_route(f"{one}/measure", endpoints.measure, methods=["POST"])
    routes.add_api_route(one, endpoints.show, methods=["GET"])
    routes.add_api_route(one, endpoints.remove, methods=["DELETE"], status_code=204)
    return routes


class _ModelRoutes:
    def __init__(self, handle: AssistantHandle) -> None:
        self._handle = handle

    async def list_all(self) -> ModelRows:
        """All models: the served one, the other local ones, recommended ones to fetch, those of upstream servers."""
        return {"data": [row_of(entry) for entry in await (await self._catalog()).entries()], "next": None}

    async def show(self, model: str) -> ModelRow:
        """One model."""
        return row_of(await self._find(model))

    async def download(self, model: str) -> ModelRow:
        """Begin or resume a download: a recommended model, or any repository as `ORGANIZATION/MODEL` or
        `ORGANIZATION/MODEL:VARIANT`. Progress is in the row, and in `download` events of `/api/live`."""
        catalog = await self._catalog()
        entry = await catalog.find(model)
        if entry is not None and entry.kind != "recommended":
            raise _conflict(f"{model} is here already", "load it")
        if entry is None and not is_repository(model):
            not_found("model", model)
        catalog.downloads.start(model)
        return row_of(await self._find(model))

    async def cancel(self, model: str) -> Response:
        """Stop a download. What has arrived stays, and the next one goes on from there; `DELETE` on the model itself
        removes it."""
        if not (await self._catalog()).downloads.cancel(model):
            not_found("download of", model)
        return Response(status_code=204)

    async def load(self, model: str) -> ModelRow:
        """Begin to load a local model; others make room for it."""
        entry = await self._find(model)
        if entry.kind != "local":
            raise _conflict(f"{model} is not on this machine", "fetch it first")
        await (await self._catalog()).registry.load(model)
        return row_of(await self._find(model))

    async def unload(self, model: str) -> Response:
        """Free the memory of a local model that is not answering."""
        await self._find(model)
        await (await self._catalog()).registry.unload(model)
        return Response(status_code=204)

    async def measure(self, model: str) -> ModelRow:
        """Measure how fast a local model decodes here, by a short real answer; it is loaded for that. The speed is kept
        for this machine and this version."""
        entry = await self._find(model)
        if entry.kind != "local":
            raise _conflict(f"{model} is not on this machine", "measure a local model")
        catalog = await self._catalog()
        async with catalog.registry.lease(None if entry.served else model) as served:
            speed = await measure_speed(served)
        await asyncio.to_thread(catalog.speeds.keep, model, speed)
        return row_of(await self._find(model))

    async def remove(self, model: str) -> Response:
        """Delete what Fathom has fetched of a model, complete or not."""
        catalog = await self._catalog()
        entry = await self._find(model)
        if entry.served:
            raise _conflict(f"{model} is the model that the server was started with", "start it with another one first")
        if not entry.removable:
            raise _conflict(f"{model} was not fetched by Fathom", "delete it where it was put")
        catalog.downloads.cancel(model)
        if entry.kind == "local":
            await catalog.registry.unload(model)
        try:
            await asyncio.to_thread(remove_files, model)
        except OSError as error:
            raise FathomError(f"{model} cannot be deleted: {error.strerror}", "check the permissions") from error
        return Response(status_code=204)

    async def _catalog(self) -> Catalog:
        return (await self._handle.get()).catalog

    async def _find(self, model: str) -> CatalogEntry:
        entry = await (await self._catalog()).find(model)
        if entry is None:
            not_found("model", model)
        return entry


def _conflict(message: str, remedy: str) -> ApiError:
    return ApiError(ApiProblem(409, f"{message}; {remedy}", code="wrong_state"))


def row_of(entry: CatalogEntry) -> ModelRow:
    error = entry.error
    return {
        "id": entry.id,
        "name": entry.id.rpartition("/")[2] if entry.kind == "recommended" else entry.id,
        "kind": entry.kind,
        "state": entry.state,
        "stage": entry.stage,
        "progress": entry.progress,
        "error": {"message": error.message, "remedy": error.remedy} if error is not None else None,
        "licence": entry.licence,
        "parameters": entry.parameters,
        "bytes": entry.bytes,
        "memory_bytes": entry.memory_bytes,
        "fits": entry.fits,
        "tokens_per_second": entry.tokens_per_second,
        "thinking": entry.thinking,
        "tools": entry.tools,
        "vision": entry.vision,
        "context": entry.context,
        "purpose": entry.purpose,
        "languages": entry.languages,
        "origin": entry.origin,
        "served": entry.served,
        "removable": entry.removable,
    }
