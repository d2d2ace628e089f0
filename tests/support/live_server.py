"""A real server on a real socket, in a thread of the test process."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI

from fathom.server.app import create_app
from fathom.server.connection import Connection
from fathom.server.models.runtime import Ready, Runtime
from fathom.server.models.served_model import Progress, ServedModel
from fathom.server.serve import listen
from fathom.server.settings import Settings

T = TypeVar("T")


class LiveServer:
    """``url`` has no slash at its end. ``call`` runs a coroutine on the server's loop and returns its result."""

    def __init__(self, url: str, port: int, runtime: Runtime, loop: asyncio.AbstractEventLoop, app: FastAPI) -> None:
        self.app = app
        self.url = url
        self.port = port
        self.runtime = runtime
        self._loop = loop

    @property
    def engine(self) -> Any:
        return self.model.engine

    @property
    def model(self) -> ServedModel:
        assert isinstance(self.runtime.state, Ready)
        return self.runtime.state.model

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait on the server's loop; a test that never gets there ends with the test's own time limit."""

        async def poll() -> None:
            while not condition():
                await asyncio.sleep(0.005)

        self.call(poll())


@contextmanager
def live_server(load: Callable[[Progress], ServedModel], *, wait: bool = True, **settings: Any) -> Iterator[LiveServer]:
    """Serve what ``load`` returns. With ``wait`` the model is there when this is entered. Its data folder is new."""
    with tempfile.TemporaryDirectory(prefix="fathom-live-") as folder:
        chosen = Settings(port=0, **{"data_dir": folder} | settings)
        with _serve(load, chosen) as server:
            if wait:
                server.call(server.runtime.model())
            yield server


@contextmanager
def _serve(load: Callable[[Progress], ServedModel], chosen: Settings) -> Iterator[LiveServer]:
    listener = listen(chosen.host, chosen.port)
    port = listener.getsockname()[1]
    started = threading.Event()
    parts: dict[str, Any] = {}

    def run() -> None:
        async def main() -> None:
            parts["loop"] = asyncio.get_running_loop()
            parts["runtime"] = Runtime(load)
            app = parts["app"] = create_app(chosen, parts["runtime"])
            config = uvicorn.Config(
                app,
                http=partial(Connection, stall=chosen.stall_timeout),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=1,
            )
            server = parts["server"] = _Server(config, started)
            await server.serve(sockets=[listener])

        asyncio.run(main())

    thread = threading.Thread(target=run, name="live-server", daemon=True)
    thread.start()
    assert started.wait(60)
    try:
        yield LiveServer(f"http://127.0.0.1:{port}", port, parts["runtime"], parts["loop"], parts["app"])
    finally:
        parts["server"].should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._started_event = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._started_event.set()

    async def shutdown(self, sockets: Any = None) -> None:
        self.config.app.state.assistant.end_streams()  # type: ignore[union-attr]
        await super().shutdown(sockets)
