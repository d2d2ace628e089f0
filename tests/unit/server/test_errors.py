"""Exceptions to HTTP errors, without internal details."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from fathom.base.errors import ContextLengthError, FathomError, OverloadedError, RequestError, TokenizerError
from fathom.server.api.openai.schemas.chat import ChatRequest
from fathom.server.errors import (
    ApiProblem,
    ErrorBody,
    ErrorDetail,
    StoppingError,
    UnavailableError,
    install,
    invalid,
    problem_of,
)


@pytest.mark.parametrize(
    ("error", "status", "type_", "code"),
    [
        (
            ContextLengthError("the prompt has 9 tokens, the context holds 8"),
            400,
            "invalid_request_error",
            "context_length_exceeded",
        ),
        (RequestError("the prompt is empty"), 400, "invalid_request_error", "invalid_request"),
        (TokenizerError("the chat template refuses"), 400, "invalid_request_error", "invalid_request"),
        (OverloadedError("the queue is full"), 503, "overloaded_error", "overloaded"),
        (UnavailableError("no model"), 503, "server_error", "unavailable"),
        (StoppingError(), 503, "server_error", "unavailable"),
        (FathomError("something"), 500, "server_error", "internal_error"),
        (ValueError("a secret"), 500, "server_error", "internal_error"),
        (HTTPException(404), 404, "invalid_request_error", "not_found"),
        (HTTPException(405), 405, "invalid_request_error", "method_not_allowed"),
        (invalid("n is 0", "n"), 422, "invalid_request_error", "invalid_parameter"),
    ],
)
def test_what_a_client_sees(error, status, type_, code):
    problem = problem_of(error)
    assert (problem.status, problem.type, problem.code) == (status, type_, code)
    assert "secret" not in problem.message


def test_the_body():
    body = ApiProblem(422, "n: “0” \ud800", code="c", param="n").json()
    assert json.loads(body) == {
        "error": {"message": "n: “0” ?", "type": "invalid_request_error", "param": "n", "code": "c"}
    }
    assert set(json.loads(body)) == set(ErrorBody.__annotations__)
    assert set(json.loads(body)["error"]) == set(ErrorDetail.__annotations__)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"role": "wizard", "content": "x"},
            "messages[0]: role 'wizard' is unknown; use one of 'system', 'developer', 'user', 'assistant', 'tool'",
        ),
        ({"content": "x"}, "messages[0]: role is missing"),
        (None, "messages: list should have at least 1 item, not 0"),
        ({"role": "user"}, "messages[0].content: this field is required"),
        ("x", "messages[0]: input should be an object"),
        (
            {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
            "messages[0].function_call: deprecated by OpenAI; send tool_calls, and the result as a message of the role "
            "tool",
        ),
    ],
)
def test_an_invalid_message_is_described_without_words_of_the_library(message, expected):
    with pytest.raises(ValidationError) as refused:
        ChatRequest.model_validate({"messages": [message] if message else []})
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()]
    assert problem_of(RequestValidationError(errors)).message == expected


def test_the_field_at_fault():
    assert problem_of(RequestError("logit_bias holds the token 9", param="logit_bias")).param == "logit_bias"


def test_the_remedy_is_part_of_the_message():
    assert (
        problem_of(OverloadedError("the queue is full", "try again later")).message
        == "the queue is full; try again later"
    )


async def test_a_path_that_does_not_take_a_method_names_all_that_it_takes():
    app = FastAPI()
    install(app)
    for method in ("POST", "GET"):
        app.add_api_route("/things/{name}", lambda name: name, methods=[method])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.put("/things/a")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
