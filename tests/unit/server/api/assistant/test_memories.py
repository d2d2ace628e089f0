"""``/api/memories`` (fathom.server.api.assistant.memories)."""

from __future__ import annotations

from assistant_client import assistant_client


async def test_crud(tmp_path):
    async with assistant_client(tmp_path) as client:
        memory = (await client.post("/api/memories", json={"text": "The user is Ada."})).json()
        path = f"/api/memories/{memory['id']}"
        assert (await client.patch(path, json={"text": "The user is Bob."})).json()["text"] == "The user is Bob."
        assert [entry["text"] for entry in (await client.get("/api/memories")).json()["data"]] == ["The user is Bob."]
        assert (await client.delete(path)).status_code == 204
        assert (await client.patch(path, json={"text": "x"})).status_code == 404
        await client.post("/api/memories", json={"text": "a"})
        assert (await client.delete("/api/memories")).status_code == 204
        assert (await client.get("/api/memories")).json()["data"] == []
        assert (await client.post("/api/memories", json={"text": " "})).status_code == 422
