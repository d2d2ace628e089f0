"""`/api/files` as clients use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from made_files import locked_pdf, pdf
from scripted import instantly, scripted_model
from starlette.requests import ClientDisconnect

from fathom.server.api.assistant.files import CONTENT_POLICY
from fathom.server.app import create_app
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

UNKNOWN = "0" * 26


@pytest.fixture
async def client(tmp_path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path, max_file_bytes=20_000, max_body_bytes=2000)
    app = create_app(settings, Runtime(instantly(scripted_model())))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened,
    ):
        yield opened


async def upload(client: httpx.AsyncClient, content: bytes, name: str) -> dict:
    answer = await client.post("/api/files", params={"name": name}, content=content)
    assert answer.status_code == 201
    read = await client.get(f"/api/files/{answer.json()['id']}", params={"wait": 30})
    return read.json()


async def test_a_file_from_upload_to_deletion(client):
    file = await upload(client, pdf(["First page", "Second"], title="Report"), "a/报告.pdf")
    assert (file["name"], file["state"], file["media_type"]) == ("报告.pdf", "ready", "application/pdf")
    assert file["data"] == {"format": "PDF", "title": "Report", "pages": 2, "passages": 2, "warnings": []}
    path = f"/api/files/{file['id']}"
    text = (await client.get(f"{path}/text", params={"limit": 1})).json()
    assert [(p["place"], p["text"]) for p in text["data"]] == [({"page": 1}, "First page\n")]
    text = (await client.get(f"{path}/text", params={"after": text["next"]})).json()
    assert ([p["place"] for p in text["data"]], text["next"]) == ([{"page": 2}], None)
    assert file["tokens"] == text["data"][0]["tokens"] * 2 or file["tokens"] > 0
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).json()["error"]["code"] == "not_found"


async def test_content_is_an_attachment_in_a_sandbox(client):
    content = b"<!doctype html><script>alert(1)</script>"
    file = await upload(client, content, "a.html")
    answer = await client.get(f"/api/files/{file['id']}/content")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_file_that_cannot_be_read_says_why(client):
    file = await upload(client, locked_pdf(), "a.pdf")
    assert file["state"] == "failed"
    assert file["error"] == {
        "message": "the PDF is protected by a password",
        "remedy": "remove the password and attach the copy",
    }


async def test_files_have_a_limit_of_their_own(client):
    assert (await upload(client, b"x" * 10_000, "a.txt"))["state"] == "ready"
    for content in (b"x" * 20_001, pieces(b"x" * 15_000, b"x" * 15_000)):
        answer = await client.post("/api/files?name=a.txt", content=content)
        assert answer.status_code == 413
        assert "larger than" in answer.json()["error"]["message"]


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/api/files?name=a.txt", b"", 400),
        ("/api/files", b"x", 422),
        ("/api/files?name=", b"x", 422),
        ("/api/files?name=" + "x" * 1001, b"x", 422),
    ],
)
async def test_uploads_that_are_refused(client, path, content, status):
    assert (await client.post(path, content=content)).status_code == status


@pytest.mark.parametrize("path", ["nothing", UNKNOWN, f"{UNKNOWN}/text", f"{UNKNOWN}/content"])
async def test_files_that_are_not_there(client, path):
    assert (await client.get(f"/api/files/{path}")).status_code in (404, 422)


async def test_an_upload_that_breaks_off_leaves_nothing(client, tmp_path):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ClientDisconnect

    answer = await client.post("/api/files?name=a.txt", content=broken())
    assert answer.json()["error"]["code"] == "upload_broke_off"
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def test_the_key_is_needed(tmp_path):
    app = create_app(Settings(data_dir=tmp_path, api_key="secret"), Runtime(instantly(scripted_model())))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.post("/api/files?name=a.txt", content=b"x")
    assert answer.status_code == 401
    assert not (tmp_path / "files").exists()


async def test_uploads_at_the_same_time(client):
    uploads = [upload(client, b"same", "a.txt") for _ in range(5)]
    done = await asyncio.gather(*uploads)
    assert {file["state"] for file in done} == {"ready"}
    assert len({file["id"] for file in done}) == 5


async def test_a_conversation_that_is_deleted_for_good_takes_its_files_with_it(client, tmp_path):
    file, other = await upload(client, b"private", "a.txt"), await upload(client, b"draft", "b.txt")
    conversation = (await client.post("/api/conversations", json={})).json()["id"]
    question = {"parent": None, "text": "What is this?", "files": [file["id"]]}
    await client.post(f"/api/conversations/{conversation}/messages", json=question)
    refused = await client.delete(f"/api/files/{file['id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "file_in_use")
    await client.delete(f"/api/conversations/{conversation}")
    assert (await client.get(f"/api/files/{file['id']}")).status_code == 200
    await client.delete(f"/api/conversations/{conversation}", params={"permanently": True})
    assert (await client.get(f"/api/files/{file['id']}")).status_code == 404
    assert (await client.get(f"/api/files/{other['id']}")).status_code == 200
    assert len([path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == 1


async def test_a_position_beyond_what_databases_count_is_refused(client):
    file = await upload(client, b"text", "a.txt")
    for after in (2**31, 2**63, 10**30):
        answer = await client.get(f"/api/files/{file['id']}/text", params={"after": after})
        assert (answer.status_code, answer.json()["error"]["param"]) == (422, "after")
    answer = await client.get(f"/api/files/{file['id']}/text", params={"after": 2**31 - 1})
    assert answer.json() == {"data": [], "next": None}
