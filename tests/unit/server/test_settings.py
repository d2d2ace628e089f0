"""Settings from arguments and from the environment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.settings import Settings


def test_the_defaults_are_safe():
    settings = Settings()
    assert (settings.host, settings.port, settings.loopback) == ("127.0.0.1", 8000, True)
    assert settings.api_key is None
    assert settings.cors_origins == settings.allowed_hosts == ()


def test_the_environment(monkeypatch):
    monkeypatch.setenv("FATHOM_PORT", "9000")
    monkeypatch.setenv("FATHOM_API_KEY", "s3cret")
    monkeypatch.setenv("FATHOM_CORS_ORIGINS", "https://a.example, https://b.example,")
    settings = Settings()
    assert settings.port == 9000
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.api_key.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong", [{"prot": 1}, {"port": -1}, {"port": 65536}, {"dtype": "int4"}, {"keepalive": 0}, {"max_sequences": 0}]
)
def test_what_is_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("box.local", False)],
)
def test_loopback(host, loopback):
    assert Settings(host=host).loopback is loopback
