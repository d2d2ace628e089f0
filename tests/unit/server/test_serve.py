"""The server process: port, signals, shutdown, and imports before the page is served."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from fathom.server.serve import ListenError, listen, url_of

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys, asyncio
from scripted import Script, instantly, scripted_model
from fathom.server.models.runtime import Runtime
from fathom.server.serve import serve
from fathom.server.settings import Settings
from fathom.base.errors import CheckpointError

{prelude}
serve(Settings(port=0, shutdown_timeout=1, keepalive={keepalive}), runtime=Runtime(load), {options})
print("torch" in sys.modules, flush=True)
"""


@pytest.fixture
def start():
    """``start(prelude, options)``: the script in a process of its own, ended with the test."""
    with ExitStack() as stack:

        def run(prelude: str, options: str = "", keepalive: float = 0.05) -> subprocess.Popen[str]:
            environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests' / 'support'}"}
            process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT.format(prelude=prelude, options=options, keepalive=keepalive)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield run


def port_of(process: subprocess.Popen[str]) -> int:
    line = process.stdout.readline()
    assert line.startswith("Fathom listens on http://127.0.0.1:"), (line, process.stderr.read())
    return int(line.split()[3].rsplit(":", 1)[1])


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def wait_until_running(port: int) -> None:
    """Until the engine works on a request."""
    while b'"running":1' not in ask(port, b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"):
        time.sleep(0.01)


def test_the_page_is_served_without_torch_and_an_interrupt_ends_in_order(start):
    process = start("load = instantly(scripted_model())")
    port = port_of(process)
    assert ask(port, b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("False\n", 0), err
    assert "Traceback" not in err


def test_a_termination_cancels_what_runs_and_ends_the_process(start):
    process = start("load = instantly(scripted_model(Script(gate=asyncio.Event())))")
    port = port_of(process)
    body = b'{"messages": [{"role": "user", "content": "Hi"}], "stream": true}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")  # a sign of life: it runs
        process.send_signal(signal.SIGTERM)
        data = b""
        while piece := connection.recv(65536):
            data += piece
        assert b"the server is going down" in data
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGTERM)
        assert "Traceback" not in err


@pytest.mark.parametrize("keepalive", [0.05, 60])
def test_a_termination_is_never_an_answer(start, keepalive):
    """Before the first byte it is a 503; after a blank line the connection is cut, in the middle of the body."""
    process = start("load = instantly(scripted_model(Script(gate=asyncio.Event())))", keepalive=keepalive)
    port = port_of(process)
    body = b'{"messages": [{"role": "user", "content": "Hi"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        data = connection.recv(65536) if keepalive < 1 else b""
        wait_until_running(port)
        process.send_signal(signal.SIGTERM)
        while piece := connection.recv(65536):
            data += piece
        process.communicate(timeout=60)
    if keepalive < 1:
        assert data.startswith(b"HTTP/1.1 200")
        assert b"transfer-encoding: chunked" in data.lower()
        assert not data.endswith(b"0\r\n\r\n")  # no last chunk
        assert b"error" not in data
    else:
        assert data.startswith(b"HTTP/1.1 503")
        assert b"the server is going down" in data


def test_a_load_that_never_ends_does_not_keep_the_process(start):
    process = start("import time\ndef load(progress): time.sleep(3600)")
    port_of(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)


def test_a_model_that_cannot_be_loaded_ends_the_server_with_its_error(start):
    process = start("def load(progress): raise CheckpointError('the file ends early', 'download it again')")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "CheckpointError: the file ends early; download it again" in err


def test_a_port_in_use():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ListenError) as refused:
            listen("127.0.0.1", port)
    assert refused.value.message == f"port {port} on 127.0.0.1 is in use"
    assert "--port" in refused.value.remedy


def test_a_foreign_host_name_is_refused():
    with pytest.raises(ListenError, match=r"cannot be resolved|cannot listen"):
        listen("203.0.113.7", 0)
    with pytest.raises(ListenError, match="cannot be resolved"):
        listen("no such host", 0)


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost"), ("::1", "[::1]")],
)
def test_the_url_can_be_opened_on_this_machine(host, name):
    with listen("127.0.0.1", 0) as listener:
        assert url_of(listener, host) == f"http://{name}:{listener.getsockname()[1]}"
