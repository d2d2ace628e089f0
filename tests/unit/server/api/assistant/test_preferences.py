"""``/api/preferences`` (fathom.server.api.assistant.preferences)."""

from __future__ import annotations

from assistant_client import assistant_client


async def test_what_is_named_changes(tmp_path):
    async with assistant_client(tmp_path) as client:
        before = (await client.get("/api/preferences")).json()
        assert before["retention_days"] is None
        after = (await client.patch("/api/preferences", json={"run": {"temperature": 0.5}, "language": "zh"})).json()
        assert after == before | {"run": before["run"] | {"temperature": 0.5}, "language": "zh"}
        after = (await client.patch("/api/preferences", json={"run": {"temperature": None}})).json()
        assert after == before | {"language": "zh"}
        assert (await client.get("/api/preferences")).json() == after


REFUSED = [
    {"unknown": 1},
    {"retention_days": "7"},
    {"memory": 1},
    {"run": {"other": 1}},
    {"search": {"url": "ftp://x"}},
]


async def test_what_is_refused(tmp_path):
    async with assistant_client(tmp_path) as client:
        for body in REFUSED:
            answer = await client.patch("/api/preferences", json=body)
            assert answer.status_code == 422, body
            assert answer.json()["error"]["message"]
