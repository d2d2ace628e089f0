"""Free ports, and opening a browser."""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping

from fathom.base.errors import FathomError

PORTS_TO_TRY = 20


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen on the port now."""
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


def has_desktop(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser would open in a window. Without one, ``webbrowser`` may take over the terminal with lynx."""
    if platform in ("win32", "darwin"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("BROWSER"))


def open_browser(url: str, show: Callable[[str], bool] = webbrowser.open) -> threading.Thread:
    """Open the page in a thread: some browsers return only when they are closed."""
    thread = threading.Thread(target=show, args=(url,), name="open-browser", daemon=True)
    thread.start()
    return thread
