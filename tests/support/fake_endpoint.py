"""An OpenAI-compatible endpoint on a real socket that says, and fails, as a test wrote down."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """``body`` is sent as it is where it is bytes, else as JSON. ``cut`` breaks the line off after so many bytes."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pieces: Iterator[bytes] | None = None

    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def said(content: Any = "42", *, finish: Any = "stop", tokens: Any = 7, **message: Any) -> Reply:
    """A good reply."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Reply({"choices": [choice], "usage": {"completion_tokens": tokens}})


@dataclass
class FakeEndpoint:
    """``plan`` makes the reply to request number n (from 0) with its body; ``asked`` holds bodies, ``keys`` headers."""

    url: str
    plan: Callable[[int, dict[str, Any]], Reply]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    models: Reply = field(default_factory=lambda: Reply({"data": [{"id": "teacher"}]}))
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def fake_endpoint(plan: Callable[[int, dict[str, Any]], Reply] | list[Reply] | Reply) -> Iterator[FakeEndpoint]:
    """Serve ``plan``: a function, replies in turn (the last one again and again), or always the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(endpoint.models)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with endpoint.lock:
                number = len(endpoint.asked)
                endpoint.asked.append(body)
                endpoint.keys.append(self.headers.get("Authorization"))
                endpoint.under_way += 1
                endpoint.most_under_way = max(endpoint.most_under_way, endpoint.under_way)
            try:
                reply = endpoint.plan(number, body)
            finally:
                with endpoint.lock:
                    endpoint.under_way -= 1
            self._send(reply if self.path == "/v1/chat/completions" else Reply(b"no such page", 404))

        def _send(self, reply: Reply) -> None:
            data = reply.data()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.pieces is None:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data[: reply.cut])
                for piece in reply.pieces or ():
                    self.wfile.write(piece)
            except OSError:
                return  # the client has seen enough
            finally:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint = FakeEndpoint(f"http://127.0.0.1:{server.server_port}/v1", _planned(plan))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _planned(plan: Callable[[int, dict[str, Any]], Reply] | list[Reply] | Reply) -> Callable[..., Reply]:
    if isinstance(plan, Reply):
        return lambda _number, _body: plan
    if isinstance(plan, list):
        return lambda number, _body: plan[min(number, len(plan) - 1)]
    return plan
