"""Run the server: socket, event loop, signals, graceful shutdown.

The port is bound before anything else starts, so that a port in use is one clear error and no half-started process.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from functools import partial

import uvicorn

from fathom.base.errors import FathomError
from fathom.server.app import create_app
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.connection import Connection
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class ListenError(FathomError):
    """The address cannot be listened on."""


def serve(
    settings: Settings,
    *,
    on_listening: Callable[[str], None] | None = None,
    runtime: Runtime | None = None,
    stay_up: bool = False,
) -> None:
    """Serve until a signal ends it. ``on_listening`` is called with the URL once connections are accepted.

    Without ``on_listening`` the URL is printed. A model that cannot be loaded ends the server and raises its error;
    with ``stay_up`` the server continues and the page shows it. Raises ListenError where the address cannot be bound.
    SIGINT and SIGTERM let running requests finish for ``settings.shutdown_timeout`` seconds and cancel the rest.
    """
    listener = listen(settings.host, settings.port)
    logging.basicConfig(level=settings.log_level.upper(), format=LOG_FORMAT)
    app = create_app(settings, runtime)
    config = uvicorn.Config(
        app,
        host=settings.host,
        http=partial(Connection, stall=settings.stall_timeout),  # type: ignore[arg-type]
        log_config=None,  # one format for all, set above
        log_level="warning",
        access_log=False,  # middleware/access_log.py writes it
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_timeout + 3,  # the backstop behind _Server.shutdown
        timeout_keep_alive=30,
    )
    registry: ModelRegistry = app.state.registry
    server = _Server(
        config,
        registry,
        app.state.assistant,
        settings.shutdown_timeout,
        url_of(listener, settings.host),
        on_listening or _print_url,
    )
    failures: list[FathomError] = []

    def give_up(error: FathomError) -> None:
        failures.append(error)
        server.should_exit = True

    if not stay_up:
        registry.served.on_failure = give_up
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn raises it again after it has shut down in order
        pass
    finally:
        listener.close()
    if failures:
        raise failures[0]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ListenError with the cause."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ListenError(f"the host {host!r} cannot be resolved: {error}", "use an address of this machine") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _listen_error(error, host, port) from error
    listener.setblocking(False)
    return listener


def _listen_error(error: OSError, host: str, port: int) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        remedy = "stop what listens there, or choose another with --port (0 takes any free one)"
        return ListenError(f"port {port} on {host} is in use", remedy)
    if error.errno == errno.EACCES:
        return ListenError(f"port {port} needs privileges", "choose one from 1024 on with --port")
    reason = (error.strerror or str(error)).lower()
    return ListenError(
        f"cannot listen on {host} port {port}: {reason}", "choose an address of this machine with --host"
    )


def url_of(listener: socket.socket, host: str) -> str:
    """The URL that a browser on this machine can open."""
    port = listener.getsockname()[1]
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host) or (f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def _print_url(url: str) -> None:
    print(f"Fathom listens on {url} (Ctrl+C stops it)", flush=True)


class _Server(uvicorn.Server):
    """Uvicorn's server with a callback once it listens, and a time limit for running requests when it stops.

    Closing the models answers each remaining request with an error; uvicorn would only cut the connections.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        registry: ModelRegistry,
        assistant: AssistantHandle,
        shutdown_timeout: float,
        url: str,
        on_listening: Callable[[str], None],
    ) -> None:
        super().__init__(config)
        self._registry = registry
        self._assistant = assistant
        self._shutdown_timeout = shutdown_timeout
        self._url = url
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_listening(self._url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._assistant.end_streams()
        closing = asyncio.create_task(self._close_later())
        await super().shutdown(sockets)
        closing.cancel()

    async def _close_later(self) -> None:
        await asyncio.sleep(self._shutdown_timeout)
        await self._registry.close()
