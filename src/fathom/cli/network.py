"""Ports and browsers: what stands between a server that starts and a person who sees a page."""

from __future__ import annotations

import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable

from fathom.base.errors import FathomError

PORTS_TO_TRY = 20


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, first: int) -> int:
    """The first free port from ``first`` up."""
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        if port_is_free(host, port):
            return port
    raise FathomError(f"ports {first} to {first + PORTS_TO_TRY - 1} are all in use", "name a free one with --port")


def page_url(host: str, port: int) -> str:
    """The address a browser on this machine can open; a wildcard host is reached through the loopback."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reachable}:{port}/"


def listening(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with socket.create_connection((target, port), timeout=1):
            return True
    except OSError:
        return False


def open_when_listening(
    host: str, port: int, *, patience: float = 30.0, show: Callable[[str], bool] = webbrowser.open
) -> threading.Thread:
    """Open the page as soon as the server accepts connections, from a thread that dies with the process."""

    def wait() -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if listening(host, port):
                show(page_url(host, port))
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait, name="open-browser", daemon=True)
    thread.start()
    return thread
