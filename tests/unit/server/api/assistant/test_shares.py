"""Shares and their page (fathom.server.api.assistant.shares)."""

from __future__ import annotations

import json

from assistant_client import assistant_client
from chat_exports import chatgpt, chatgpt_message

FILE = json.dumps([chatgpt(("u", None, chatgpt_message("user", "<script>alert(1)</script>")))])


async def test_a_link_shows_the_conversation_until_it_is_revoked(tmp_path):
    async with assistant_client(tmp_path, api_key="secret") as client:
        key = {"authorization": "Bearer secret"}
        await client.post("/api/imports", content=FILE, headers=key)
        (row,) = (await client.get("/api/conversations", headers=key)).json()["data"]
        path = f"/api/conversations/{row['id']}/shares"
        share = (await client.post(path, headers=key)).json()
        assert (await client.get(path, headers=key)).json()["data"] == [share]
        page = await client.get(share["url"])
        assert page.status_code == 200, "no key is needed"
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "private, no-cache"
        tag = page.headers["etag"]
        for sent in (tag, f"W/{tag}", f'"other", {tag}'):
            same = await client.get(share["url"], headers={"if-none-match": sent})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        await client.patch(f"/api/conversations/{row['id']}", json={"title": "Renamed"}, headers=key)
        renamed = await client.get(share["url"], headers={"if-none-match": tag})
        assert (renamed.status_code, "Renamed" in renamed.text) == (200, True)
        assert (await client.get(share["url"])).headers["etag"] == renamed.headers["etag"] != tag
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert (await client.delete(f"/api/shares/{share['token']}")).status_code == 401
        assert (await client.delete(f"/api/shares/{share['token']}", headers=key)).status_code == 204
        gone = await client.get(share["url"], headers={"if-none-match": renamed.headers["etag"]})
        assert gone.headers["cache-control"] == "no-store"
        assert (gone.status_code, "text/html" in gone.headers["content-type"]) == (404, True)
        assert (await client.post("/api/conversations/none/shares", headers=key)).status_code in (404, 422)
