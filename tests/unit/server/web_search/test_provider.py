"""Which provider answers."""

from typing import Any

import pytest

from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.duckduckgo import DdgsProvider
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.provider import choose_provider
from fathom.server.web_search.searxng import SearxngProvider


def choose(name: Any, url: str | None, default: str | None = None, *, loopback: bool = True) -> Any:
    return choose_provider(name, url, default_url=default, policy=AddressPolicy(), loopback=loopback)


def test_names_and_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(choose(None, "http://a"), SearxngProvider)
    assert choose(None, None, "http://b").url == "http://b"
    assert choose("searxng", "http://a", "http://b").url == "http://a"
    monkeypatch.setattr("fathom.server.web_search.provider.is_installed", lambda: True)
    assert isinstance(choose("duckduckgo", "http://a"), DdgsProvider)
    assert isinstance(choose(None, None), DdgsProvider)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WebSearchError, match="SearXNG has no address"):
        choose("searxng", None)
    monkeypatch.setattr("fathom.server.web_search.provider.is_installed", lambda: False)
    with pytest.raises(WebSearchError, match="pip install"):
        choose(None, None)


def test_clients_of_a_network_cannot_look_around_in_it() -> None:
    assert choose("searxng", "http://a").transport is None
    assert choose("searxng", "http://a", loopback=False).transport is not None
    assert choose("searxng", None, "http://b", loopback=False).transport is None
