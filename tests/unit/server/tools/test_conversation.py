"""Files and words of one conversation, and no other."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from assistant_api import assistant_client

from fathom.server.tools.conversation import ConversationContents


async def conversation(client: httpx.AsyncClient, text: str, *files: str) -> str:
    created = (await client.post("/api/conversations", json={})).json()["id"]
    body = {"parent": None, "text": text, "files": list(files)}
    answer = await client.post(f"/api/conversations/{created}/messages", json=body)
    assert answer.status_code in (200, 201), answer.text
    return str(created)


async def contents_of(client: httpx.AsyncClient) -> ConversationContents:
    assistant = await client.app.state.assistant.get()  # type: ignore[attr-defined]
    return ConversationContents(assistant.database, assistant.files)


async def test_files_and_words_of_a_conversation(tmp_path: Path) -> None:
    async with assistant_client(tmp_path) as client:
        contents = await contents_of(client)
        file = (await client.post("/api/files?name=a.txt", content=b"seven")).json()["id"]
        first = await conversation(client, "read https://a.example/x_1 please", file)
        second = await conversation(client, "hello")
        ((name, path),) = await contents.files_of(first)
        assert (name, path.read_bytes()) == ("a.txt", b"seven")
        assert await contents.files_of(second) == []
        assert await contents.mentions(first, "https://a.example/x_1")
        assert not await contents.mentions(first, "https://a.example/x%1")
        assert not await contents.mentions(second, "https://a.example/x_1")


async def test_what_a_tool_makes_is_a_file(tmp_path: Path) -> None:
    async with assistant_client(tmp_path) as client:
        contents = await contents_of(client)
        produced = await contents.keep("plot-1.png", "image/png", b"\x89PNG\r\n\x1a\n")
        answer = await client.get(f"/api/files/{produced.id}/content")
        assert (answer.status_code, answer.content) == (200, b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("text", ["", "%", "_"])
async def test_an_empty_conversation(tmp_path: Path, text: str) -> None:
    async with assistant_client(tmp_path) as client:
        contents = await contents_of(client)
        assert await contents.files_of("nothing") == []
        assert not await contents.mentions("nothing", text)
