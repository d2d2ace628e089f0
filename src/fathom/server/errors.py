"""Exceptions to HTTP errors: one table of statuses, one body shape.

The statuses are DeepSeek's: 400 a body that cannot be read or a prompt that cannot be served, 401 a wrong key, 422 a
parameter that is missing or out of range, 503 overloaded or not able to serve, 500 an internal error; beside them
HTTP's own (403, 404, 405, 409, 413, 415). A client library's exception classes and retries follow from these numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.routing import Match
from typing_extensions import TypedDict

from fathom.base.errors import (
    ContextLengthError,
    FathomError,
    ModelNotFoundError,
    OverloadedError,
    RequestError,
    StorageError,
    TokenizerError,
)

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class ErrorDetail(TypedDict):
    """``message`` is for people, remedy included; ``code`` and ``param`` (``messages[0].role``) are for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(TypedDict):
    error: ErrorDetail


@dataclass(frozen=True, slots=True)
class ApiProblem:
    """An error as the client sees it: status, headers and body."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> ErrorBody:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def json(self) -> bytes:
        return json.dumps(self.body(), ensure_ascii=False).encode("utf-8", "replace")

    def response(self) -> Response:
        return Response(self.json(), self.status, dict(self.headers), media_type="application/json")


class ApiError(HTTPException):
    """Raised by a route to answer with a problem. (An HTTPException, because FastAPI lets only those pass.)"""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(problem.status, problem.message, dict(problem.headers))
        self.problem = problem


class UnavailableError(FathomError):
    """The model failed to load, or did not load in time; the request itself is not at fault."""


class StoppingError(FathomError):
    """The server is shutting down, and ends what still runs."""

    def __init__(self, message: str = "the server is going down", remedy: str = "try again when it is back") -> None:
        super().__init__(message, remedy)


class UnknownModelError(FathomError):
    """A model that no name leads to. ``served`` is the one that requests without a name get."""

    def __init__(self, name: str, served: str) -> None:
        super().__init__(f"the model {name!r} is not served here", f"ask for {served!r}, or leave the model out")


class NotFoundError(FathomError):
    """An id that leads to nothing: it never existed, or was deleted."""


class ConflictError(FathomError):
    """A change that does not fit the present state, such as a question while the answer before it is still written."""


def invalid(message: str, param: str | None = None, *, status: int = 422, code: str = "invalid_parameter") -> ApiError:
    """The error for a parameter that cannot be served."""
    return ApiError(ApiProblem(status, message, code=code, param=param))


def problem_of(error: BaseException) -> ApiProblem:
    """The problem for any exception. Unknown ones become a 500 that exposes no internals."""
    if isinstance(error, ApiError):
        return error.problem
    if isinstance(error, RequestValidationError):
        return _validation_problem(error.errors())
    if isinstance(error, StarletteHTTPException):
        return _http_problem(error)
    if isinstance(error, OverloadedError):
        return ApiProblem(503, str(error), "overloaded_error", "overloaded", headers={"Retry-After": "1"})
    if isinstance(error, UnavailableError | StoppingError | ModelNotFoundError):
        return ApiProblem(503, str(error), "server_error", "unavailable", headers={"Retry-After": "10"})
    if isinstance(error, NotFoundError):
        return ApiProblem(404, str(error), code="not_found")
    if isinstance(error, ConflictError):
        return ApiProblem(409, str(error), code="conflict")
    if isinstance(error, StorageError):
        return ApiProblem(503, str(error), "server_error", "storage_unavailable", headers={"Retry-After": "10"})
    if isinstance(error, UnknownModelError):
        return ApiProblem(404, str(error), code="model_not_found", param="model")
    if isinstance(error, RequestError | TokenizerError):
        code = "context_length_exceeded" if isinstance(error, ContextLengthError) else "invalid_request"
        param = error.param if isinstance(error, RequestError) else None
        return ApiProblem(400, str(error), code=code, param=param)
    if isinstance(error, FathomError):
        return ApiProblem(500, str(error), "server_error", "internal_error")
    return ApiProblem(500, "the server failed on this request; its log says why", "server_error", "internal_error")


def _http_problem(error: StarletteHTTPException) -> ApiProblem:
    messages = {
        404: "there is nothing at this path; /openapi.json lists what there is",
        405: "this path does not take that method; /openapi.json lists what it takes",
    }
    message = messages.get(error.status_code, str(error.detail))
    codes = {404: "not_found", 405: "method_not_allowed"}
    return ApiProblem(error.status_code, message, code=codes.get(error.status_code), headers=error.headers or {})


def _validation_problem(errors: Sequence[Mapping[str, Any]]) -> ApiProblem:
    """The deepest of pydantic's errors, with its location written as a client would: ``messages[0].content[1].type``.

    The deepest, because where a value may be text or a list, the error of the list's entry says more than "no text".
    """
    error = max(errors, key=lambda error: len(error["loc"]))
    param = _path(error["loc"])
    message = _message(error).encode("utf-8", "replace").decode()
    return ApiProblem(422, f"{param}: {message}" if param else message, code="invalid_parameter", param=param)


def _message(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors, without the words of its own machinery."""
    if error["type"] == "missing":
        return "this field is required"
    if error["type"] in ("model_type", "model_attributes_type"):
        return "input should be an object"
    if error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        context: Mapping[str, str] = error["ctx"]
        name = context["discriminator"].strip("'")
        if "tag" not in context:
            return f"{name} is missing"
        return f"{name} {context['tag']!r} is unknown; use one of {context['expected_tags']}"
    message = str(error["msg"]).removeprefix("Value error, ").replace(" after validation", "")
    return message[:1].lower() + message[1:]


def _path(location: Sequence[int | str]) -> str | None:
    """``("body", "messages", 0, "user", "content", "str")`` → ``messages[0].content``: union branches stay inside."""
    path, before = "", None
    for part in location[1:]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not _is_union_branch(part, before):
            path += f".{part}" if path else part
        before = part
    return path or None


def _is_union_branch(part: str, before: int | str | None) -> bool:
    if isinstance(before, int):
        return part in ROLES or part[:1].isupper() or part == "str"
    return "[" in part or "-" in part or part[:1].isupper() or part == "str" or before == "response_format"


async def _handle(request: Request, error: Exception) -> Response:
    response = problem_of(error).response()
    if response.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods_of(request))
    return response


def _methods_of(request: Request) -> list[str]:
    """All methods that the path takes: the framework names those of the first route alone."""
    scopes = [{**request.scope, "method": method} for method in ("DELETE", "GET", "PATCH", "POST", "PUT")]
    routes = request.app.routes
    return [scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def install(app: FastAPI) -> None:
    """Register the handlers that answer every expected error of ``app`` with `ErrorBody`.

    (Others are those of `fathom.server.middleware.error_response`.)
    """
    for kind in (StarletteHTTPException, RequestValidationError, FathomError):
        app.add_exception_handler(kind, _handle)
