"""Invalid input of every kind: an error with the one body shape, and the next request is served."""

from __future__ import annotations

import json
import socket

import httpx
import pytest
from scripted import Script

JSON = {"content-type": "application/json"}
ASK = {"messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def http(serve_script):
    server = serve_script(Script("ok"))
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client
        assert client.post("/v1/chat/completions", json=ASK).json()["choices"][0]["message"]["content"] == "ok"


def check(response: httpx.Response, status: int, code: str, param: str | None = None) -> str:
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param), error
    assert error["message"][0].islower()
    return error["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'messages': []}",
        b'{"messages": [}',
        b"\xff\xfe",
        b'{"messages": [{"role": "user", "content": "\xff"}]}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "temperature": NaN}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "temperature": Infinity}',
        b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' * 5_000 + b"1" + b"}" * 5_000,
    ],
    ids=range(12),
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_bodies_that_are_not_json(http, path, body):
    response = http.post(path, content=body, headers=JSON)
    if body:
        assert "not valid JSON" in check(response, 400, "invalid_json")
    else:
        check(response, 422, "invalid_parameter")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ([], None),
        ("text", None),
        (None, None),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": [3]}, "messages[0]"),
        ({"messages": [{"content": "Hi"}]}, "messages[0]"),
        ({"messages": [{"role": "wizard", "content": "Hi"}]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "tool", "content": "17"}]}, "messages[0].tool_call_id"),
        (ASK | {"temperature": -0.1}, "temperature"),
        (ASK | {"temperature": "0.7"}, "temperature"),
        (ASK | {"temperature": 2.1}, "temperature"),
        (ASK | {"top_p": 1.5}, "top_p"),
        (ASK | {"presence_penalty": 3}, "presence_penalty"),
        (ASK | {"frequency_penalty": -3}, "frequency_penalty"),
        (ASK | {"max_tokens": 0}, "max_tokens"),
        (ASK | {"max_tokens": -5}, "max_tokens"),
        (ASK | {"max_tokens": 5, "max_completion_tokens": 0}, "max_completion_tokens"),
        (ASK | {"max_tokens": 1.5}, "max_tokens"),
        (ASK | {"max_completion_tokens": True}, "max_completion_tokens"),
        (ASK | {"n": 0}, "n"),
        (ASK | {"n": 33}, "n"),
        (ASK | {"max_tokens": "16"}, "max_tokens"),
        (ASK | {"seed": 2**64}, "seed"),
        (ASK | {"seed": "7"}, "seed"),
        (ASK | {"stop": ["x"] * 17}, "stop"),
        (ASK | {"stop": ""}, "stop"),
        (ASK | {"stop": [1]}, "stop[0]"),
        (ASK | {"stream": "yes"}, "stream"),
        (ASK | {"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        (ASK | {"top_logprobs": 3}, "top_logprobs"),
        (ASK | {"response_format": {"type": "xml"}}, "response_format"),
        (ASK | {"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (ASK | {"thinking": {"type": "maybe"}}, "thinking.type"),
        (ASK | {"reasoning_effort": "huge"}, "reasoning_effort"),
        (ASK | {"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        (ASK | {"tools": [{"type": "function", "function": {"name": "x" * 129}}]}, "tools[0].function.name"),
        (ASK | {"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].function"),
        (ASK | {"tools": [{"function": {"name": "a"}}]}, "tools[0].type"),
        (ASK | {"tools": [3]}, "tools[0]"),
        (
            ASK | {"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        (ASK | {"tool_choice": {"type": "custom", "custom": {"name": "a"}}}, "tool_choice.type"),
        (ASK | {"tool_choice": {"type": "function"}}, "tool_choice.function"),
        (ASK | {"tool_choice": {"type": "allowed_tools"}}, "tool_choice.allowed_tools"),
        (ASK | {"tool_choice": "required"}, "tool_choice"),
        (ASK | {"tool_choice": "sometimes"}, "tool_choice"),
        (ASK | {"logit_bias": {"5": 100.5}}, "logit_bias.5"),
        (ASK | {"logit_bias": {"the": 1}}, "logit_bias.the"),
        (ASK | {"logit_bias": [[5, 1]]}, "logit_bias"),
        (ASK | {"top_k": -2}, "top_k"),
        (ASK | {"min_tokens": 9, "max_tokens": 8}, "min_tokens"),
        (ASK | {"functions": [{"name": "f"}]}, "functions"),
        (ASK | {"guided_json": {"type": "object"}}, "guided_json"),
        (ASK | {"continue_final_message": True}, "continue_final_message"),
        (ASK | {"add_generation_prompt": False}, "add_generation_prompt"),
    ],
)
def test_parameters_out_of_range(http, body, param):
    response = http.post("/v1/chat/completions", content=json.dumps(body), headers=JSON)
    check(response, 422, "invalid_parameter", param)


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"tools": [], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        (
            {
                "tools": [{"type": "function", "function": {"name": "y"}}],
                "tool_choice": {"type": "function", "function": {"name": "x"}},
            },
            "tool_choice.function.name",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "y", "description": d}} for d in "ab"]},
            "tools[1].function.name",
        ),
        (
            {"messages": [{"role": "assistant", "content": "a", "prefix": True}, {"role": "user", "content": "b"}]},
            "messages[0].prefix",
        ),
    ],
)
def test_contradicting_parameters(http, extra, param):
    check(http.post("/v1/chat/completions", json=ASK | extra), 422, "invalid_parameter", param)


def test_unknown_fields_and_nulls_are_ignored(http):
    extra = {"service_tier": "auto", "metadata": {"a": 1}, "temperature": None, "tools": None, "max_tokens": 1.0}
    extra |= {"store": True, "prompt_cache_key": "k", "safety_identifier": "s", "verbosity": "low", "logit_bias": None}
    extra |= {"modalities": ["text"], "skip_special_tokens": True, "length_penalty": 1.0, "stop": None, "seed": None}
    answer = http.post("/v1/chat/completions", json=ASK | extra)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_media_types(http, media_type):
    headers = {"content-type": media_type} if media_type else {}
    response = http.post("/v1/chat/completions", content=json.dumps(ASK), headers=headers)
    assert "send application/json" in check(response, 415, "unsupported_media_type")


def test_a_prompt_of_a_megabyte(http):
    body = {"messages": [{"role": "user", "content": "word " * 210_000}]}
    message = check(http.post("/v1/chat/completions", json=body), 400, "context_length_exceeded", "messages")
    assert "the context holds 4096" in message


def test_a_body_beyond_the_limit(serve_script):
    server = serve_script(Script(), max_body_bytes=2000)
    body = json.dumps({"messages": [{"role": "user", "content": "x" * 3000}]}).encode()
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=server.url) as client:
        announced = client.post("/v1/chat/completions", content=body, headers=headers)
        check(announced, 413, "body_too_large")
        pieces = (body[i : i + 500] for i in range(0, len(body), 500))
        check(client.post("/v1/chat/completions", content=pieces, headers=headers), 413, "body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("POST", "/nothing", 404, "not_found"),
        ("GET", "/v1/models/gpt-4o", 404, "model_not_found"),
        ("GET", "/../../etc/passwd", 404, "not_found"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "not_found"),
        ("GET", "/a%00b", 404, "not_found"),
        ("GET", "/" + "a" * 5000, 404, "not_found"),
    ],
)
def test_paths_and_methods(http, method, path, status, code):
    check(http.request(method, path), status, code, "model" if code == "model_not_found" else None)


def test_invalid_http(serve_script):
    server = serve_script(Script("ok"))
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 4096):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(noise)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    assert httpx.post(f"{server.url}/v1/chat/completions", json=ASK).status_code == 200


def test_a_connection_closed_inside_the_request_body(serve_script):
    server = serve_script(Script("ok"))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b'content-length: 1000\r\n\r\n{"messages": '
        )
    assert httpx.post(f"{server.url}/v1/chat/completions", json=ASK).status_code == 200
    assert len(server.engine.requests) == 1
