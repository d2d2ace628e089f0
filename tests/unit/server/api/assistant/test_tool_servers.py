"""MCP servers are added, checked, changed and removed; programs only from this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import mcp_server
import pytest
from assistant_api import assistant_client

from fathom.server.api.assistant.tool_servers import HttpServer

NOTES = {
    "name": "notes",
    "transport": "stdio",
    "config": {"command": sys.executable, "args": [str(Path(mcp_server.__file__))], "env": {"KEY": "secret"}},
}
WEB = {"name": "web", "transport": "http", "config": {"url": "http://127.0.0.1:9/mcp", "headers": {"X-Key": "secret"}}}


async def test_from_adding_to_removing(client: httpx.AsyncClient):
    added = (await client.post("/api/tool-servers", json=NOTES)).json()
    assert added["config"]["env"] == {"KEY": "***"}
    check = (await client.post(f"/api/tool-servers/{added['id']}/check")).json()
    assert check["error"] is None
    assert "notes__add" in [tool["name"] for tool in check["tools"]]
    tools = {tool["name"]: tool for tool in (await client.get("/api/tools")).json()["data"]}
    assert (tools["notes__add"]["policy"], tools["notes__add"]["server"]) == ("ask", "notes")
    await client.put("/api/tools/notes__add/policy", json={"policy": "always"})
    changed = await client.patch(f"/api/tool-servers/{added['id']}", json={"enabled": False})
    assert not changed.json()["enabled"]
    assert "notes__add" not in [tool["name"] for tool in (await client.get("/api/tools")).json()["data"]]
    assert (await client.delete(f"/api/tool-servers/{added['id']}")).status_code == 204
    assert (await client.get("/api/tool-servers")).json() == {"data": [], "next": None}


async def test_a_server_that_fails_says_why(client: httpx.AsyncClient):
    added = (await client.post("/api/tool-servers", json=WEB)).json()
    check = (await client.post(f"/api/tool-servers/{added['id']}/check")).json()
    assert check["tools"] == []
    assert "the server web cannot be reached" in check["error"]
    (listed,) = (await client.get("/api/tool-servers")).json()["data"]
    assert listed["error"] == check["error"]


async def test_secrets_stay_with_their_address(client: httpx.AsyncClient):
    added = (await client.post("/api/tool-servers", json=WEB)).json()
    path = f"/api/tool-servers/{added['id']}"
    elsewhere = {"config": {"url": "http://evil.example", "headers": {"X-Key": "***"}}}
    assert (await client.patch(path, json=elsewhere)).status_code == 400
    assert (await client.patch(path, json={"config": added["config"], "name": "other"})).json()["name"] == "other"
    assert (await client.patch(path, json={"config": {"command": "x"}})).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {**WEB, "name": "Bad Name"},
        {**WEB, "name": "a__b"},
        {**WEB, "transport": "smtp"},
        {**WEB, "config": {"url": "file:///etc/passwd"}},
        {**WEB, "config": {"command": "x"}},
        {**WEB, "extra": 1},
        {},
    ],
)
async def test_what_is_no_server(client: httpx.AsyncClient, body: dict[str, object]):
    answer = await client.post("/api/tool-servers", json=body)
    assert answer.status_code == 422, answer.text


async def test_unknown_and_taken(client: httpx.AsyncClient):
    await client.post("/api/tool-servers", json=WEB)
    assert (await client.post("/api/tool-servers", json=WEB)).status_code == 400
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/check")):
        answer = await client.request(method, f"/api/tool-servers/x{path}", json={} if method == "PATCH" else None)
        assert answer.status_code == 404
    assert HttpServer.model_validate(WEB).enabled


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
    ],
)
async def test_no_program_from_another_page_or_through_a_proxy(client: httpx.AsyncClient, headers: dict[str, str]):
    answer = await client.post("/api/tool-servers", json=NOTES, headers=headers)
    assert answer.status_code == 403
    assert "FATHOM_ALLOW_COMMANDS" in answer.json()["error"]["message"]
    assert (await client.post("/api/tool-servers", json=WEB, headers=headers)).status_code == 201


async def test_our_own_page_may(client: httpx.AsyncClient):
    headers = {"Origin": "http://localhost"}
    assert (await client.post("/api/tool-servers", json=NOTES, headers=headers)).status_code == 201


async def test_a_server_that_others_reach_takes_programs_only_where_it_says_so(tmp_path: Path):
    async with assistant_client(tmp_path / "a", host="0.0.0.0", allowed_hosts=("*",)) as client:
        assert (await client.post("/api/tool-servers", json=NOTES)).status_code == 403
    async with assistant_client(tmp_path / "b", host="0.0.0.0", allowed_hosts=("*",), allow_commands=True) as client:
        added = await client.post("/api/tool-servers", json=NOTES)
        assert added.status_code == 201


async def test_turning_a_program_on_needs_the_same(client: httpx.AsyncClient):
    added = (await client.post("/api/tool-servers", json={**NOTES, "enabled": False})).json()
    path, elsewhere = f"/api/tool-servers/{added['id']}", {"Origin": "http://localhost:3000"}
    assert (await client.patch(path, json={"enabled": True}, headers=elsewhere)).status_code == 403
    assert (await client.patch(path, json={"config": {"command": "evil"}}, headers=elsewhere)).status_code == 403
    assert (await client.patch(path, json={"enabled": True})).status_code == 200
