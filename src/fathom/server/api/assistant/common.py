"""What the routes of the assistant share: the shapes of bodies, lists and errors."""

from __future__ import annotations

from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Header, Query
from pydantic import AfterValidator, BaseModel, ConfigDict

from fathom.server.api.json_io import JsonRoute, error_responses
from fathom.server.errors import NotFoundError
from fathom.server.store.text import storable

RESPONSES = error_responses(
    {
        400: "The body cannot be read.",
        401: "The API key is missing or wrong.",
        403: "The request comes from a web page that may not use this server.",
        404: "There is nothing with this id.",
        405: "The path does not take this method.",
        409: "The change does not fit the present state.",
        413: "The body is larger than this server takes.",
        415: "The body is not of the media type that is expected, or compressed.",
        422: "A field is missing, unknown, of the wrong type, or out of range.",
        500: "The server failed.",
        503: "What is stored cannot be reached: the message says why, and what to do.",
    }
)

Id = Annotated[str, AfterValidator(storable)]
"""An id that a client gives: whatever it holds, the databases take it, and know nothing by that name."""

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="the client's name for this request: the same one again, within a day, adds nothing and returns "
        "what is stored",
    ),
]
"""By which a client names a request that it may have to repeat."""

MOST_POSITION = 2**31 - 1
"""The largest number of an event or a passage: what a 32-bit column of a database holds."""


def position(description: str, *, first: int = 0) -> Any:
    """The parameter of a query that counts events or passages, from ``first``."""
    return Query(ge=first, le=MOST_POSITION, description=description)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("it should not be blank")
    return text


NotBlank = AfterValidator(_not_blank)
"""For texts that are shown: what is only spaces could not be seen."""


class StrictBody(BaseModel):
    """Base of the bodies that clients send: a field that is not known is refused, and no type is converted."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def resource_router() -> APIRouter:
    """An empty router for one resource, whose JSON bodies are read strictly.

    Its routes are ready to be served as they are: FastAPI prepares those of a router that is included a second time,
    which had been a quarter of the server's start.
    """
    return APIRouter(prefix="/api", tags=["assistant"], route_class=JsonRoute, responses=RESPONSES)


def not_found(kind: str, name: str) -> NoReturn:
    """Raise the 404 for a ``kind`` (`file`) that does not exist."""
    raise NotFoundError(f"there is no {kind} {name[:64]!r}", "it may have been deleted")
