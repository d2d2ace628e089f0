"""Request bodies: strict JSON under application/json only. Responses: JSON and server-sent events in UTF-8."""

from __future__ import annotations

import gzip

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.api.json_io import ERROR, RESPONSES, encode, error_responses, event
from fathom.server.app import create_app
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@pytest.fixture
async def client():
    runtime = Runtime(instantly(scripted_model()))
    runtime.start()
    await runtime.model()
    app = create_app(Settings(), runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"prompt": "x", "a": 1, "a": 2}', 200),
        (b'{"prompt": "\\u00fc\\ud83d\\ude00"}', 200),
        (b'{"prompt": "\\u0000"}', 200),
        (b'\xef\xbb\xbf{"prompt": "x"}', 200),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"prompt": "x"}', 400),
        ('{"prompt": "x"}'.encode("utf-16"), 400),
        (b'{"prompt": "\xed\xa0\x80"}', 400),
        (b'{"prompt": "x",}', 400),
        (b'{"prompt": "\\udc00"}', 400),
        (b'{"prompt": "x", "seed": 1e400}', 422),
        (b'{"prompt": "x", "seed": ' + b"9" * 5000 + b"}", 400),
    ],
    ids=range(11),
)
async def test_parsing(client, content, status):
    answer = await client.post("/v1/completions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_media_types(client, media_type):
    answer = await client.post("/completions", content=b'{"prompt": "x"}', headers={"content-type": media_type})
    assert answer.status_code == 200


async def test_of_two_equal_keys_the_last_counts(client):
    body = b'{"prompt": "x", "max_tokens": -1, "max_tokens": 2}'
    answer = await client.post("/v1/completions", content=body, headers={"content-type": "application/json"})
    assert answer.json()["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize(("coding", "status"), [("gzip", 415), ("br", 415), ("identity", 200), ("", 200)])
async def test_compressed_bodies_are_refused(client, coding, status):
    content = gzip.compress(b'{"prompt": "x"}') if coding == "gzip" else b'{"prompt": "x"}'
    headers = {"content-type": "application/json", "content-encoding": coding}
    answer = await client.post("/v1/completions", content=content, headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["error"]["message"] == f"the content-encoding is '{coding}'; send the body uncompressed"
        assert answer.headers["accept-encoding"] == "identity"


def test_lone_surrogates_become_question_marks():
    assert encode({"a": "ü\ud800"}) == '{"a":"ü?"}'.encode()
    assert event({"a": "\n"}) == b'data: {"a":"\\n"}\n\n'


def test_errors_are_described_without_a_validator_for_each():
    assert error_responses({404: "Not there."}) == {404: {"description": "Not there.", "content": ERROR}}
    assert not any("model" in response for response in RESPONSES.values())
