import socket
from collections.abc import Iterator

import pytest

from fathom.base.errors import FathomError
from fathom.cli import network


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not network.port_is_free("127.0.0.1", port)
        assert network.listening("127.0.0.1", port)
    assert network.port_is_free("127.0.0.1", port)
    assert not network.listening("127.0.0.1", port)


def test_a_taken_port_gives_way_to_the_next_free_one(taken: int) -> None:
    assert taken < network.free_port("127.0.0.1", taken) < taken + network.PORTS_TO_TRY


def test_when_all_are_taken_the_remedy_is_told(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "PORTS_TO_TRY", 1)
    with pytest.raises(FathomError, match="name a free one with --port"):
        network.free_port("127.0.0.1", taken)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("fe80::1", "http://[fe80::1]:8000/"),
        ("localhost", "http://localhost:8000/"),
    ],
)
def test_the_address_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert network.page_url(host, 8000) == url


def test_the_browser_opens_once_somebody_listens(taken: int) -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return True

    network.open_when_listening("127.0.0.1", taken, show=show).join(timeout=30)
    assert shown == [f"http://127.0.0.1:{taken}/"]


def test_the_browser_stays_closed_when_nobody_does(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        idle = probe.getsockname()[1]
    shown: list[str] = []
    network.open_when_listening("127.0.0.1", idle, patience=0.1, show=lambda url: bool(shown.append(url))).join(30)
    assert shown == []
