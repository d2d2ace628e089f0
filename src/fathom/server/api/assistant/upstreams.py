"""``/api/upstreams``: other servers whose models answer beside the local ones. A key goes in and never comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StringConstraints
from starlette.responses import Response
from typing_extensions import TypedDict

from fathom.base.errors import FathomError, OverloadedError, RequestError, StorageError
from fathom.server.api.assistant.common import StrictBody, not_found, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import ApiError, ApiProblem, ConflictError, StoppingError
from fathom.server.models.upstream.records import Upstream

if TYPE_CHECKING:
    from fathom.server.models.upstream.service import Upstreams


def _address(value: str) -> str:
    """Raises ValueError for what is no address of a server."""
    import httpx  # noqa: PLC0415, its own command line comes with it

    try:
        url = httpx.URL(value.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"this is no address: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("write an address such as https://api.deepseek.com")
    if url.userinfo:
        raise ValueError("write the key into api_key, not into the address")
    return str(url.copy_with(query=None, fragment=None)).rstrip("/").removesuffix("/chat/completions")


def _key(value: str) -> str:
    value = value.strip()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("this is no key: keys are letters, digits and signs in one word")
    return value


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^@/\x00-\x1f]+$")
]
Address = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_address)]
Key = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_key)]
ModelNames = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]], Field(max_length=500)
]


class UpstreamIn(StrictBody):
    """``models`` names them where the server has no list of its own."""

    name: Name = Field(description="unique, without @ and /")
    base_url: Address = Field(description="up to where /chat/completions begins")
    api_key: Key | None = None
    models: ModelNames | None = None


class UpstreamChanges(StrictBody):
    """What is named changes; `api_key: null` removes the key. ``vision`` changes the models that it names."""

    name: Name | None = None
    base_url: Address | None = None
    api_key: Key | None = None
    models: ModelNames | None = None
    vision: dict[str, bool | None] = Field(
        default={},
        max_length=500,
        description="whether models see pictures, by their names; null: as the server's list says",
    )


class UpstreamModelBody(TypedDict):
    """``id`` is the model's in `/api/models`; ``thinking`` is true once an answer of it began with thinking;
    ``vision``: it sees pictures, by the server's list or by the user's word."""

    id: str
    name: str
    context: int | None
    thinking: bool
    vision: bool


class UpstreamBody(TypedDict):
    """``key`` shows the end of the stored key, null without one."""

    id: str
    name: str
    base_url: str
    key: str | None
    models: list[UpstreamModelBody]
    created: int


class UpstreamList(TypedDict):
    data: list[UpstreamBody]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()
    endpoints = _UpstreamRoutes(handle)
    one = "/upstreams/{upstream}"
    routes.add_api_route("/upstreams", endpoints.list_all, methods=["GET"])
    routes.add_api_route("/upstreams", endpoints.add, methods=["POST"], status_code=201)
    routes.add_api_route(one, endpoints.show, methods=["GET"])
    routes.add_api_route(one, endpoints.change, methods=["PATCH"])
    routes.add_api_route(one, endpoints.remove, methods=["DELETE"], status_code=204)
    routes.add_api_route(f"{one}/check", endpoints.check, methods=["POST"])
    return routes


class _UpstreamRoutes:
    def __init__(self, handle: AssistantHandle) -> None:
        self._handle = handle

    async def list_all(self) -> UpstreamList:
        """All upstream servers, in the order in which they were added."""
        return {
            "data": [body_of(upstream) for upstream in await (await self._service()).repository.all()],
            "next": None,
        }

    async def add(self, body: UpstreamIn) -> UpstreamBody:
        """Check an OpenAI-compatible server and add it with its models. A `/v1` that is missing is found.

        422 with the reason where it cannot be reached, refuses the key or speaks another API: nothing is stored then.
        """
        service = await self._service()
        try:
            return body_of(await service.add(body.name, body.base_url, body.api_key, body.models))
        except FathomError as error:
            raise failure_of(error) from error

    async def show(self, upstream: str) -> UpstreamBody:
        """One upstream server."""
        return body_of(await self._find(upstream))

    async def change(self, upstream: str, body: UpstreamChanges) -> UpstreamBody:
        """Change what is named; a new address or key is checked first. Another name changes its models' ids."""
        changes = body.model_dump(exclude_unset=True)
        for name in ("name", "base_url", "models"):
            if name in changes and changes[name] is None:
                del changes[name]
        stored = await self._find(upstream)
        try:
            return body_of(await (await self._service()).change(stored, changes))
        except FathomError as error:
            raise failure_of(error) from error

    async def remove(self, upstream: str) -> Response:
        """Remove a server and its key. Answers that it has given stay."""
        if not await (await self._service()).remove(upstream):
            not_found("upstream", upstream)
        return Response(status_code=204)

    async def check(self, upstream: str) -> UpstreamBody:
        """Ask the server for its models anew. 422 with the reason where it cannot be used."""
        service = await self._service()
        stored = await self._find(upstream)
        try:
            return body_of(await service.check(stored))
        except FathomError as error:
            raise failure_of(error) from error

    async def _service(self) -> Upstreams:
        return (await self._handle.get()).upstreams

    async def _find(self, identity: str) -> Upstream:
        stored = await (await self._service()).repository.get(identity)
        if stored is None:
            not_found("upstream", identity)
        return stored


def failure_of(error: FathomError) -> FathomError | ApiError:
    """The error that a client gets for a server that cannot be used: the fault is in what the client entered."""
    if isinstance(error, ConflictError | StorageError | StoppingError):
        return error
    if isinstance(error, RequestError) and error.param == "name":
        return ApiError(ApiProblem(409, str(error), code="name_taken", param="name"))
    if isinstance(error, RequestError) and error.param == "vision":
        return ApiError(ApiProblem(422, str(error), code="unknown_model", param="vision"))
    code = "upstream_overloaded" if isinstance(error, OverloadedError) else "upstream_failed"
    return ApiError(ApiProblem(422, str(error), code=code, param="base_url"))


def body_of(upstream: Upstream) -> UpstreamBody:
    return {
        "id": upstream.id,
        "name": upstream.name,
        "base_url": upstream.base_url,
        "key": upstream.masked_key,
        "models": [
            {
                "id": upstream.model_id(model),
                "name": model.id,
                "context": model.context,
                "thinking": model.thinking,
                "vision": model.vision,
            }
            for model in upstream.models
        ],
        "created": upstream.created,
    }
