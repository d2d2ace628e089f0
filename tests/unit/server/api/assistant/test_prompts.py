"""``/api/prompts`` (fathom.server.api.assistant.prompts)."""

from __future__ import annotations

from assistant_client import assistant_client


async def test_crud(tmp_path):
    async with assistant_client(tmp_path) as client:
        prompt = (await client.post("/api/prompts", json={"name": "总结", "text": "Sum up {{text}}"})).json()
        assert prompt["variables"] == ["text"]
        path = f"/api/prompts/{prompt['id']}"
        assert (await client.post("/api/prompts", json={"name": "总结", "text": "x"})).status_code == 409
        assert (await client.patch(path, json={"name": "sum"})).json()["name"] == "sum"
        assert [entry["name"] for entry in (await client.get("/api/prompts")).json()["data"]] == ["sum"]
        assert (await client.get(path)).json()["text"] == "Sum up {{text}}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.delete(path)).status_code == 404


REFUSED = [
    {"name": "a b", "text": "x"},
    {"name": "/a", "text": "x"},
    {"name": "a", "text": ""},
    {"name": "a"},
    {"name": "a\n", "text": "x"},
]


async def test_what_is_refused(tmp_path):
    async with assistant_client(tmp_path) as client:
        for body in REFUSED:
            answer = await client.post("/api/prompts", json=body)
            assert answer.status_code == 422, body
            assert answer.json()["error"]["message"]
