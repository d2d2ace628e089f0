"""Tools and their policies."""

from __future__ import annotations

import httpx
import pytest

from fathom.server.api.assistant.tools import Policy

POLICIES: tuple[Policy, ...] = ("ask", "always", "never")


async def test_our_own_tools_with_their_policies(client: httpx.AsyncClient):
    tools = {tool["name"]: tool for tool in (await client.get("/api/tools")).json()["data"]}
    assert {"calculator", "web_search", "open_page"} <= set(tools)
    assert tools["calculator"]["title"] == "Calculator"
    assert (tools["calculator"]["policy"], tools["calculator"]["server"]) == ("always", None)
    assert [name for name, tool in tools.items() if tool["effects"]] == ["remember"]
    assert tools["remember"]["policy"] == "ask"


@pytest.mark.parametrize("policy", POLICIES)
async def test_a_policy_is_kept(client: httpx.AsyncClient, policy: Policy):
    answer = await client.put("/api/tools/calculator/policy", json={"policy": policy})
    assert answer.json() == {"name": "calculator", "policy": policy}
    tools = (await client.get("/api/tools")).json()["data"]
    assert [tool["policy"] for tool in tools if tool["name"] == "calculator"] == [policy]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("nothing", {"policy": "ask"}, 404),
        ("calculator", {"policy": "sometimes"}, 422),
        ("calculator", {}, 422),
        ("calculator", {"policy": "ask", "x": 1}, 422),
    ],
)
async def test_what_is_no_policy(client: httpx.AsyncClient, name: str, body: dict[str, object], status: int):
    assert (await client.put(f"/api/tools/{name}/policy", json=body)).status_code == status
