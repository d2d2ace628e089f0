"""Uvicorn's HTTP connection, which waits for a client no longer than it should.

Uvicorn waits for ever: for the rest of a request, and for a client that does not read its response, whose connection
stays open even when the response has been given up. Each costs a file and memory, and keeps a server from stopping.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

STOPPING_SECONDS = 1.0
"""How long a server that stops waits for a client that does not read."""


class Connection(H11Protocol):
    """Cuts off a client that sends nothing of a request it has begun, or reads nothing, for ``stall`` seconds, and at
    once where the application ends without having sent all of its response."""

    def __init__(self, *args: Any, stall: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app = self._cut_short(self.app)
        self._stall = stall
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def shutdown(self) -> None:
        super().shutdown()
        self._stall = min(self._stall, STOPPING_SECONDS)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._cancel()
        self._timer = self.loop.call_later(self._stall, self._check)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        if self.flow.write_paused or self._is_request_begun():
            self.transport.abort()

    def _is_request_begun(self) -> bool:
        """Whether the client owes the rest of a request, or the first one."""
        if self.flow.read_paused:
            return False
        if self.conn.their_state is h11.IDLE:
            return self.cycle is None or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def _cut_short(self, app: ASGIApp) -> ASGIApp:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            cycle = self.cycle
            await app(scope, receive, send)
            if cycle.response_started and not cycle.response_complete:
                cycle.disconnected = True
                self.transport.abort()

        return run
