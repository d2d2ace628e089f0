"""``/api/export`` and the export of one conversation (fathom.server.api.assistant.exports)."""

from __future__ import annotations

import io
import zipfile

from assistant_client import assistant_client


async def test_files(tmp_path):
    async with assistant_client(tmp_path) as client:
        conversation = (await client.post("/api/conversations", json={"title": "Flüsse"})).json()["id"]
        path = f"/api/conversations/{conversation}/export"
        answer = await client.get(path, params={"format": "markdown"})
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Fl%C3%BCsse.md"
        assert answer.text.startswith("# Flüsse\n")
        html = await client.get(path, params={"format": "html", "language": "zh"})
        assert html.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert '<html lang="zh">' in html.text
        assert (await client.get(path)).json()["title"] == "Flüsse"
        assert (await client.get(path, params={"format": "pdf"})).status_code == 422
        assert (await client.get("/api/conversations/none/export")).status_code in (404, 422)
        archive = await client.get("/api/export")
        assert archive.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
            assert opened.namelist() == ["conversations.jsonl"]
        again = (await client.post("/api/imports", content=archive.content)).json()
        assert again["skipped_count"] == 1, "a conversation without messages"
