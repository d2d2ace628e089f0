"""A connection on a real socket: clients that owe bytes, or do not read, are cut off; others are waited for."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import uvicorn

from fathom.server import connection as module
from fathom.server.connection import Connection
from fathom.server.serve import listen

HEAD = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": []}


@asynccontextmanager
async def serving(app, stall):
    """Yields the port and the server."""
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    options = {"log_config": None, "access_log": False, "lifespan": "off", "timeout_graceful_shutdown": 30}
    server = uvicorn.Server(uvicorn.Config(app, http=partial(Connection, stall=stall), **options))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.001)
    try:
        yield listener.getsockname()[1], server
    finally:
        server.should_exit = True
        await task


async def connect(port, data):
    """A client that reads only when it is asked to."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(client, data)
    return client


async def read_to_end(client):
    with client:
        data = b""
        while chunk := await asyncio.get_running_loop().sock_recv(client, 65536):
            data += chunk
        return data


async def pour(scope, receive, send):
    await send(START)
    while (await asyncio.wait_for(receive(), None))["type"] != "http.disconnect":
        for _ in range(200):
            await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})


async def answer_slowly(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.2)
    await send(START)
    await send({"type": "http.response.body", "body": b"done"})


async def stop_short(scope, receive, send):
    await send(START)
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


@pytest.mark.parametrize(
    ("app", "sent"),
    [
        (answer_slowly, b""),
        (answer_slowly, b"GET / HT"),
        (answer_slowly, b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf"),
        (answer_slowly, HEAD + b"GET / HT"),
        (pour, HEAD),
    ],
    ids=["nothing", "half a head", "half a body", "half a second request", "does not read"],
)
async def test_a_client_that_stalls_is_cut_off(app, sent, caplog):
    async with serving(app, 0.05) as (port, server):
        with await connect(port, sent):
            while not server.server_state.connections:
                await asyncio.sleep(0.001)
            while server.server_state.connections or server.server_state.tasks:
                await asyncio.sleep(0.005)
    assert caplog.records == []


async def test_a_server_that_is_slow_is_waited_for():
    async with serving(answer_slowly, 0.05) as (port, _):
        request = b"POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbody"
        assert (await read_to_end(await connect(port, request))).endswith(b"4\r\ndone\r\n0\r\n\r\n")


async def test_a_response_that_is_given_up_ends_its_connection(caplog):
    async with serving(stop_short, 60) as (port, _):
        with suppress(ConnectionResetError):
            assert not (await read_to_end(await connect(port, HEAD))).endswith(b"0\r\n\r\n")
    assert caplog.records == []


async def test_a_server_stops_without_waiting_for_who_does_not_read(monkeypatch):
    monkeypatch.setattr(module, "STOPPING_SECONDS", 0.01)
    async with serving(pour, 60) as (port, server):
        client = await connect(port, HEAD)
        while not any(connection.flow.write_paused for connection in server.server_state.connections):
            await asyncio.sleep(0.001)
    client.close()
