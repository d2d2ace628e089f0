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


def test_the_place_of_what_is_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("FATHOM_DATA_DIR", str(tmp_path / "data"))
    assert (Settings().data_dir, Settings().database) == (tmp_path / "data", None)
    monkeypatch.setenv("FATHOM_DATA_DIR", "")
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    assert Settings().data_dir == tmp_path / "data"
    assert Settings(data_dir="here").data_dir.is_absolute()


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("postgres://ada:secret@db/fathom?sslmode=require", "postgresql+asyncpg://ada:secret@db/fathom?ssl=require"),
        ("postgresql://db/fathom", "postgresql+asyncpg://db/fathom"),
        ("sqlite:////srv/fathom.db", "sqlite+aiosqlite:////srv/fathom.db"),
        ("", None),
    ],
)
def test_the_driver_of_a_database(url, used):
    settings = Settings(database_url=url)
    assert settings.database == used
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("url", ["mysql://db/fathom", "fathom.db", "postgresql"])
def test_databases_that_are_not_supported(url):
    with pytest.raises(ValidationError, match="no database that is supported"):
        Settings(database_url=url)
