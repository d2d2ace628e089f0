"""``/api/imports`` (fathom.server.api.assistant.imports)."""

from __future__ import annotations

import json

from assistant_client import assistant_client
from chat_exports import chatgpt, chatgpt_message

FILE = json.dumps([chatgpt(("u", None, chatgpt_message("user", "Name a river")))])


async def test_an_import(tmp_path):
    async with assistant_client(tmp_path) as client:
        report = (await client.post("/api/imports", content=FILE)).json()
        assert report == {
            "conversations": 1,
            "messages": 1,
            "extended": 0,
            "known": 0,
            "skipped": [],
            "skipped_count": 0,
        }
        assert [row["title"] for row in (await client.get("/api/conversations")).json()["data"]] == ["Rivers"]
        lines = (
            await client.post("/api/imports", content=FILE, headers={"accept": "application/x-ndjson"})
        ).text.splitlines()
        assert json.loads(lines[0]).keys() == {"progress"}
        assert json.loads(lines[-1])["report"]["known"] == 1
        assert not list((tmp_path / "data").glob("import-*"))


async def test_what_is_refused(tmp_path):
    async with assistant_client(tmp_path, max_import_bytes=5000) as client:
        for content, status in ((b"", 400), (b"[]", 400), (b"hello", 400), (b"PK\x03\x04", 400), (b"x" * 6000, 413)):
            answer = await client.post("/api/imports", content=content)
            assert answer.status_code == status, content[:10]
            assert answer.json()["error"]["message"]
        answer = await client.post("/api/imports", content=b"[]", headers={"accept": "application/x-ndjson"})
        assert "no conversations" in json.loads(answer.text.splitlines()[-1])["error"]["message"]
        assert not list((tmp_path / "data").glob("import-*"))
