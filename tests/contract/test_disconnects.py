"""Clients that disconnect, stall or come early, and servers that stop: on real sockets, checked by engine counters."""

from __future__ import annotations

import asyncio
import json
import socket
import threading

import httpx
import openai
import pytest
from live_server import LiveServer, live_server
from scripted import Script, instantly, scripted_model

from fathom.base.errors import CheckpointError, GenerationError, OverloadedError

BODY = {"messages": [{"role": "user", "content": "Hi"}]}


def send(server: LiveServer, **body: object) -> socket.socket:
    """Send a request on a socket of its own, without reading the response."""
    data = json.dumps(BODY | body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(head.encode() + data)
    return connection


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        piece = connection.recv(65536)
        assert piece, data
        data += piece
    return data


@pytest.fixture
def gated(serve_script):
    """A server whose answers start when ``open_gate`` is called."""
    gate = asyncio.Event()
    server = serve_script(Script("Hello", gate=gate), keepalive=0.05)

    async def opened() -> None:
        gate.set()

    return server, lambda: server.call(opened())


@pytest.mark.parametrize("stream", [False, True])
def test_a_disconnect_before_the_first_token_frees_the_sequence(gated, stream):
    server, open_gate = gated
    connection = send(server, stream=stream)
    server.wait_until(lambda: server.engine.running == 1)
    connection.close()
    server.wait_until(lambda: server.engine.running == 0)
    assert server.engine.cancelled == 1
    open_gate()
    assert httpx.post(f"{server.url}/v1/chat/completions", json=BODY).status_code == 200


def test_a_disconnect_inside_a_stream_frees_the_sequence(serve_script):
    server = serve_script(Script("word " * 100_000, step=5))
    connection = send(server, stream=True)
    read_until(connection, b"word")
    assert server.engine.running == 1
    connection.close()
    server.wait_until(lambda: server.engine.running == 0)
    assert server.engine.cancelled == 1


@pytest.mark.parametrize("count", [8])
def test_many_disconnected_clients_free_everything(gated, count):
    server, _ = gated
    connections = [send(server, stream=i % 2 == 0, n=1 + i % 3) for i in range(count)]
    server.wait_until(lambda: server.engine.running == count)
    for connection in connections:
        connection.close()
    server.wait_until(lambda: server.engine.running == 0)
    assert server.engine.cancelled == count


def test_a_waiting_stream_is_kept_alive_by_comments(gated):
    server, open_gate = gated
    with send(server, stream=True) as connection:
        start = read_until(connection, b": keep-alive\n\n")
        assert start.startswith(b"HTTP/1.1 200")
        assert b"text/event-stream" in start
        open_gate()
        assert b"data: [DONE]\n\n" in read_until(connection, b"[DONE]\n\n")


def test_a_waiting_response_is_kept_alive_by_blank_lines(gated):
    server, open_gate = gated
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=BODY, timeout=60) as response:
        pieces = response.iter_bytes()
        assert next(pieces).strip(b"\n") == b""
        open_gate()
        body = b"".join(pieces)
    assert json.loads(body)["choices"][0]["message"]["content"] == "Hello"


def test_a_failure_after_blank_lines_is_no_answer(serve_script, client_of):
    gate = asyncio.Event()
    server = serve_script(Script("Hel", gate=gate, late_error=GenerationError("no memory")), keepalive=0.02)

    async def fail_later() -> None:
        while server.engine.running == 0:
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.1)  # on the loop that sends a blank line before this ends
        gate.set()

    threading.Thread(target=server.call, args=(fail_later(),)).start()
    with pytest.raises(openai.APIConnectionError):
        client_of(server).chat.completions.create(model="scripted", **BODY)


def test_a_stalled_reader_is_cancelled(serve_script):
    server = serve_script(Script("word " * 4_000_000, step=5_000), stall_timeout=0.2)
    connection = send(server, stream=True)
    server.wait_until(lambda: len(server.engine.requests) == 1 and server.engine.running == 0)
    assert server.engine.cancelled == 1
    connection.close()


def test_a_request_that_never_starts_times_out(serve_script):
    server = serve_script(Script(gate=asyncio.Event()), start_timeout=0.1)
    answer = httpx.post(f"{server.url}/v1/chat/completions", json=BODY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert server.engine.cancelled == 1


def test_requests_during_loading_wait_for_the_model():
    go_on = threading.Event()

    def load(progress):
        progress("reading weights", 0.25)
        assert go_on.wait(60)
        return scripted_model(Script("late"))

    with live_server(load, wait=False, keepalive=0.05) as server:
        server.wait_until(lambda: getattr(server.runtime.state, "fraction", None) == 0.25)
        health = httpx.get(f"{server.url}/health").json()
        assert (health["status"], health["stage"], health["progress"]) == ("loading", "reading weights", 0.25)
        assert httpx.get(f"{server.url}/health/ready").status_code == 503
        with send(server, stream=True) as connection:
            connection.settimeout(0.2)
            with pytest.raises(TimeoutError):  # no status before the request is known to be right
                connection.recv(1)
            connection.settimeout(60)
            go_on.set()
            assert read_until(connection, b"[DONE]\n\n").startswith(b"HTTP/1.1 200")
        assert httpx.get(f"{server.url}/health/ready").status_code == 200
        health = httpx.get(f"{server.url}/health").json()
        assert (health["status"], health["model"], health["progress"]) == ("ready", "scripted", None)
        assert health["capabilities"] == {"thinking": False, "tools": True}
        assert health["engine"]["finished"] == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"model": "gpt-4o"}, 404, "model_not_found", "model"),
        ({"messages": [{"role": "user", "content": "word " * 2000}]}, 400, "context_length_exceeded", "messages"),
        ({}, 503, "overloaded", None),
    ],
)
def test_a_request_at_fault_has_its_status_before_and_after_loading(stream, body, status, code, param):
    go_on = threading.Event()

    def load(progress):
        assert go_on.wait(60)
        return scripted_model(Script(error=OverloadedError("the queue is full") if not body else None))

    with live_server(load, wait=False, keepalive=0.01) as server:
        threading.Timer(0.1, go_on.set).start()
        for _ in range(2):
            answer = httpx.post(f"{server.url}/v1/chat/completions", json=BODY | body | {"stream": stream}, timeout=60)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_a_model_that_cannot_be_loaded_is_explained():
    def load(progress):
        raise CheckpointError("the file ends early", "download it again")

    with live_server(load, wait=False) as server:
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=BODY)
        assert answer.status_code == 503
        message = "the model could not be loaded: the file ends early; download it again"
        assert answer.json()["error"]["message"] == message
        health = httpx.get(f"{server.url}/health").json()
        assert health["status"] == "failed"
        assert health["error"] == {"message": "the file ends early", "remedy": "download it again"}


def test_a_server_that_stops_cancels_what_runs():
    served = scripted_model(Script("Hello", gate=asyncio.Event()))
    with live_server(instantly(served)) as server:
        connection = send(server, stream=True)
        server.wait_until(lambda: server.engine.running == 1)
    assert served.engine.running == 0
    assert served.engine.closed
    connection.close()
