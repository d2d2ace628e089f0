"""Upstream servers without a network: what each address answers is a function."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from fathom.server.models.upstream.endpoint import UpstreamEndpoint

Answer = Callable[[httpx.Request], httpx.Response]


def connect_to(answer: Answer) -> Callable[[str, str, str | None], UpstreamEndpoint]:
    """A connect function for `Upstreams`, all of whose endpoints reach ``answer``."""
    return lambda name, url, key: UpstreamEndpoint(name, url, key, httpx.MockTransport(answer))


def listing(request: httpx.Request, *models: str, key: str | None = None, path: str = "/v1/models") -> httpx.Response:
    """A server that lists ``models`` under ``path`` to those who have its ``key``."""
    if request.url.path != path:
        return httpx.Response(404, json={"error": {"message": "no such page"}})
    if key is not None and request.headers.get("authorization") != f"Bearer {key}":
        return httpx.Response(401, json={"error": {"message": "bad key"}})
    return httpx.Response(200, json={"data": [{"id": model, "max_model_len": 4096} for model in models]})
