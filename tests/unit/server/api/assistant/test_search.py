"""`/api/search`."""

from __future__ import annotations

import pytest

from fathom.server.api.assistant.search import SearchHitBody


async def test_a_search(client):
    chat = (await client.post("/api/conversations", json={})).json()["id"]
    body = {"parent": None, "text": "😀 Die Größe der 深度求索"}
    message = (await client.post(f"/api/conversations/{chat}/messages", json=body)).json()["message"]
    page = (await client.get("/api/search", params={"q": "grosse 求索"})).json()
    assert page["next"] is None
    title, question = page["data"]
    assert set(title) == set(SearchHitBody.__annotations__)
    assert (title["kind"], title["message"], question["kind"], question["message"]) == (
        "title", None, "question", message["id"]
    )  # fmt: skip
    assert question["snippet"] == {"text": "😀 Die Größe der 深度求索", "marks": [[7, 12], [19, 21]]}
    assert question["created"] == message["created"]
    only = (await client.get("/api/search", params={"q": "grosse", "kind": "question", "limit": 1})).json()
    assert [hit["kind"] for hit in only["data"]] == ["question"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 422), ("q=", 200), ("q=%00", 200), ("q=a&kind=file", 422), ("q=a&after=x", 400), ("q=" + "x" * 501, 422)],
)
async def test_queries(client, query, status):
    assert (await client.get(f"/api/search?{query}")).status_code == status
