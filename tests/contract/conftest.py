"""Servers on real sockets: a scripted one for exact answers, one with the embedded model for real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from live_server import LiveServer, live_server
from openai import OpenAI
from scripted import Script, instantly, scripted_model

from fathom.server.models.loading import loader
from fathom.server.settings import Settings

Serve = Callable[..., LiveServer]


@pytest.fixture(scope="session")
def real() -> Iterator[LiveServer]:
    """The embedded model."""
    with live_server(loader(Settings(dtype="float32", max_context=1024)), keepalive=0.5) as server:
        yield server


@pytest.fixture(scope="session")
def client(real) -> Iterator[OpenAI]:
    """The official client of the embedded model."""
    with OpenAI(base_url=f"{real.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture(scope="session")
def model(client) -> str:
    return client.models.list().data[0].id


@pytest.fixture(scope="session")
def shared_server() -> Iterator[LiveServer]:
    with live_server(instantly(scripted_model())) as server:
        yield server


@pytest.fixture
def serve_script(shared_server: LiveServer) -> Iterator[Serve]:
    """``serve_script(script, …)``: the shared server with these scripts; with options, a server of its own."""
    with ExitStack() as stack:

        def start(*scripts: Script, served: dict[str, Any] | None = None, **settings: Any) -> LiveServer:
            if not served and not settings:
                shared_server.engine.reset(scripts)
                return shared_server
            load = instantly(scripted_model(*scripts, **(served or {})))
            return stack.enter_context(live_server(load, **settings))

        yield start


@pytest.fixture
def client_of() -> Iterator[Callable[..., OpenAI]]:
    """``client_of(server)``: the official client, configured with the base URL only."""
    with ExitStack() as stack:

        def connect(server: LiveServer, **options: Any) -> OpenAI:
            given = {"api_key": "none", "max_retries": 0, "timeout": 60} | options
            return stack.enter_context(OpenAI(base_url=f"{server.url}/v1", **given))

        yield connect
