import inspect
from typing import Any

import pytest
from typer.testing import CliRunner

import fathom.server.serve
from fathom.cli import serve
from fathom.cli.main import app
from fathom.server.settings import Settings


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, dict[str, Any]]]:
    """Settings of each server that would have been started."""
    calls: list[tuple[Settings, dict[str, Any]]] = []
    monkeypatch.setattr(fathom.server.serve, "serve", lambda settings, **more: calls.append((settings, more)))
    return calls


def test_options_become_settings(served: list[tuple[Settings, dict[str, Any]]]) -> None:
    arguments = "serve --model tiny --host 0.0.0.0 --port 9000 --dtype float32 --api-key s3cret --cors-origins a,b"
    result = CliRunner().invoke(app, arguments.split())
    assert result.exit_code == 0, result.output
    settings = served[0][0]
    assert (settings.model, settings.host, settings.port, settings.dtype) == ("tiny", "0.0.0.0", 9000, "float32")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "s3cret"
    assert settings.cors_origins == ("a", "b")


def test_serve_without_options_uses_the_safe_defaults(served: list[tuple[Settings, dict[str, Any]]]) -> None:
    assert CliRunner().invoke(app, ["serve"]).exit_code == 0
    assert served[0][0] == Settings()
    assert served[0][0].host == "127.0.0.1"


def test_a_port_out_of_range_is_refused_at_once(served: list[tuple[Settings, dict[str, Any]]]) -> None:
    assert CliRunner().invoke(app, ["serve", "--port", "70000"]).exit_code == 2
    assert served == []


def test_every_option_is_a_setting() -> None:
    assert set(inspect.signature(serve.serve).parameters) <= set(Settings.model_fields)
