from typing import Any

import pytest
from typer.testing import CliRunner

import fathom.server.serve
from fathom.cli import chat
from fathom.cli.main import app
from fathom.cli.terminal import session
from fathom.server.settings import Settings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each server that was started; each reports its URL and returns."""
    calls: list[Settings] = []

    def serve(settings: Settings, *, on_listening: Any, stay_up: bool) -> None:
        assert stay_up  # the page tells what is wrong with a model
        calls.append(settings)
        on_listening(f"http://127.0.0.1:{settings.port}")

    monkeypatch.setattr(fathom.server.serve, "serve", serve)
    return calls


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """URLs that a browser would open."""
    urls: list[str] = []
    monkeypatch.setattr(chat.network, "open_browser", urls.append)
    monkeypatch.setattr(chat.network, "has_desktop", lambda: True)
    return urls


def test_the_page_opens(served: list[Settings], opened: list[str]) -> None:
    result = CliRunner().invoke(app, ["chat", "--port", "8123"])
    assert result.exit_code == 0, result.output
    assert opened == ["http://127.0.0.1:8123"]
    assert "Fathom is at http://127.0.0.1:8123" in result.stdout


def test_no_browser_opens_with_no_browser(served: list[Settings], opened: list[str]) -> None:
    assert CliRunner().invoke(app, ["chat", "--no-browser"]).exit_code == 0
    assert opened == []


def test_only_a_default_port_is_replaced(
    served: list[Settings], opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat.network, "port_is_free", lambda _host, port: port == 8003)
    assert CliRunner().invoke(app, ["chat"]).exit_code == 0
    assert CliRunner().invoke(app, ["chat", "--port", "8000"]).exit_code == 0
    monkeypatch.setenv("FATHOM_PORT", "8001")
    assert CliRunner().invoke(app, ["chat"]).exit_code == 0
    assert [settings.port for settings in served] == [8003, 8000, 8001]


def test_the_terminal_gets_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(session, "run", lambda **options: calls.append(options))
    arguments = ["chat", "-t", "-m", "tiny", "--system", "be brief", "--no-think", "--temperature", "0", "--seed", "7"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert calls == [
        {
            "model": "tiny",
            "dtype": None,
            "device": None,
            "max_context": None,
            "system": "be brief",
            "thinking": False,
            "temperature": 0.0,
            "seed": 7,
            "max_tokens": None,
        }
    ]


@pytest.mark.parametrize("option", ["--system=x", "--think", "--temperature=1", "--seed=1", "--max-tokens=5"])
def test_an_option_without_effect_is_refused(option: str, served: list[Settings]) -> None:
    result = CliRunner().invoke(app, ["chat", option])
    assert "has no effect on the page; add --terminal" in str(result.exception)
    assert served == []
