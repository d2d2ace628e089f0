"""``/api/projects`` (fathom.server.api.assistant.projects)."""

from __future__ import annotations

from assistant_client import assistant_client


async def test_crud(tmp_path):
    async with assistant_client(tmp_path) as client:
        made = await client.post("/api/projects", json={"name": "Rivers"})
        assert made.status_code == 201
        project = made.json()
        assert project | {"created": 0, "updated": 0, "id": ""} == {
            "id": "",
            "name": "Rivers",
            "instructions": "",
            "created": 0,
            "updated": 0,
            "conversations": 0,
            "files": 0,
        }
        path = f"/api/projects/{project['id']}"
        assert (await client.patch(path, json={"instructions": "Use metres"})).json()["instructions"] == "Use metres"
        assert (await client.get(path)).json()["name"] == "Rivers"
        assert (await client.get("/api/projects")).json()["data"][0]["instructions"] == "Use metres"
        assert (await client.get(f"{path}/files")).json() == {"data": [], "next": None}
        assert (await client.post(f"{path}/files", json={"file": "none"})).status_code == 404
        assert (await client.delete(f"{path}/files/none")).status_code == 404
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


REFUSED = [{}, {"name": ""}, {"name": "  "}, {"name": 5}, {"name": "a", "other": 1}, {"name": "x" * 201}, []]


async def test_what_is_refused(tmp_path):
    async with assistant_client(tmp_path) as client:
        for body in REFUSED:
            answer = await client.post("/api/projects", json=body)
            assert answer.status_code == 422, body
            assert answer.json()["error"]["message"]
