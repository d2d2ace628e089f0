"""JSON in and out: strict request parsing, response encoding, server-sent events, and their OpenAPI descriptions.

The standard library's parser is lenient where a server should not be: it takes NaN, lone surrogates (which cannot be
encoded later) and recurses until Python gives up. pydantic-core's takes JSON only, refuses deep nesting, and is faster.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pydantic_core
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from fathom.server.errors import ApiError, ApiProblem, ErrorBody

ERROR = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}


def error_responses(descriptions: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI description of errors by their status.

    It refers to the schema by its name, which `ERROR_SCHEMA` puts into the document: FastAPI would build a validator
    for each status of each route, which took a quarter of the time in which an application is made.
    """
    return {status: {"description": text, "content": ERROR} for status, text in descriptions.items()}


RESPONSES = error_responses(
    {
        400: "The body cannot be read, or the prompt cannot be served.",
        401: "The API key is missing or wrong.",
        403: "The request comes from a web page that may not use this server.",
        404: "There is no such model or path.",
        405: "The path does not take this method.",
        413: "The body is larger than this server takes.",
        415: "The body is not application/json, or compressed.",
        422: "A parameter is missing, of the wrong type, or out of range.",
        500: "The server failed.",
        503: "The queue is full, or there is no model to answer; try again later.",
    }
)
ERROR_SCHEMA: dict[int | str, dict[str, Any]] = {500: {"model": ErrorBody, "description": "The server failed."}}
"""For one route of each document."""


DONE = b"data: [DONE]\n\n"
BOM = b"\xef\xbb\xbf"


def encode(body: Any) -> bytes:
    """JSON in UTF-8. A lone surrogate cannot be written in it and becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(body: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + encode(body) + b"\n\n"


def event_stream() -> Mapping[str, Any]:
    """The OpenAPI description of a streamed response."""
    data = {"type": "string", "description": "a chunk in JSON; the last event's is [DONE]"}
    return {"text/event-stream": {"schema": {"type": "object", "properties": {"data": data}, "required": ["data"]}}}


class JsonRequest(Request):
    """A request whose JSON is read strictly: UTF-8, with or without a BOM. Of two equal keys the last counts."""

    async def json(self) -> Any:
        body = await self.body()
        try:
            return pydantic_core.from_json(body.removeprefix(BOM), allow_inf_nan=False)
        except ValueError as error:
            message = f"the body is not valid JSON: {error}; send UTF-8 JSON"
            raise ApiError(ApiProblem(400, message, code="invalid_json")) from None


class JsonRoute(APIRoute):
    """A route that takes ``application/json`` bodies and parses them strictly.

    Other media types are refused: a hostile web page can send text/plain without a CORS preflight. So are compressed
    bodies, whose size the limit of bytes would not bound.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            if takes_body:
                coding = request.headers.get("content-encoding", "identity").strip().lower()
                if coding not in ("", "identity"):
                    message = f"the content-encoding is {coding!r}; send the body uncompressed"
                    headers = {"Accept-Encoding": "identity"}
                    raise ApiError(ApiProblem(415, message, code="unsupported_content_encoding", headers=headers))
                media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type != "application/json":
                    actual = f"is {media_type!r}" if media_type else "is missing"
                    message = f"the content-type {actual}; send application/json"
                    raise ApiError(ApiProblem(415, message, code="unsupported_media_type"))
            return await handle(JsonRequest(request.scope, request.receive))

        return handler
