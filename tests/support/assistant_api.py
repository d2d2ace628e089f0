"""A client of the assistant's API, without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@asynccontextmanager
async def assistant_client(data_dir: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that stores in ``data_dir``; ``client.app`` is the application."""
    app = create_app(Settings(data_dir=data_dir, **settings), Runtime(instantly(scripted_model())))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        client.app = app  # type: ignore[attr-defined]
        yield client
