import socket
from collections.abc import Iterator

import pytest

from fathom.base.errors import FathomError
from fathom.cli import network


@pytest.fixture
def taken() -> Iterator[int]:
    """A port in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_is_free_until_a_server_listens() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not network.port_is_free("127.0.0.1", port)
    assert network.port_is_free("127.0.0.1", port)


def test_a_port_in_use_is_replaced_by_the_next_free_one(taken: int) -> None:
    assert taken < network.free_port("127.0.0.1", taken) < taken + network.PORTS_TO_TRY


def test_when_all_ports_are_in_use_the_error_has_a_remedy(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "PORTS_TO_TRY", 1)
    with pytest.raises(FathomError, match="name a free one with --port"):
        network.free_port("127.0.0.1", taken)


@pytest.mark.parametrize(
    ("platform", "environ", "window"),
    [
        ("darwin", {}, True),
        ("win32", {}, True),
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
    ],
)
def test_a_browser_needs_a_desktop(platform: str, environ: dict[str, str], window: bool) -> None:
    assert network.has_desktop(environ, platform) is window


def test_the_browser_opens_beside_the_server() -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return True

    network.open_browser("http://127.0.0.1:8000", show).join(timeout=30)
    assert shown == ["http://127.0.0.1:8000"]
