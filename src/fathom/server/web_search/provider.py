"""The provider that the preferences or the server's settings name."""

from __future__ import annotations

from typing import Literal

from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.duckduckgo import DdgsProvider, is_installed
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchProvider
from fathom.server.web_search.searxng import SearxngProvider
from fathom.server.web_search.transport import CheckedTransport

ProviderName = Literal["duckduckgo", "searxng"]


def choose_provider(
    name: ProviderName | None, url: str | None, *, default_url: str | None, policy: AddressPolicy, loopback: bool
) -> SearchProvider:
    """The provider by ``name``; None: SearXNG where there is a ``url`` or a ``default_url`` (of the server's settings),
    else the public engines.

    On a server that only its own machine reaches, ``url`` may be any; on others it must be public, or allowed like a
    page's: otherwise a client could look around in the server's network. Raises WebSearchError where nothing fits.
    """
    if name == "searxng" or (name is None and (url or default_url)):
        address = url or default_url
        if address is None:
            raise WebSearchError("SearXNG has no address", "set it in the settings: http://127.0.0.1:8080")
        trusted = loopback or address == default_url
        return SearxngProvider(address, None if trusted else CheckedTransport(policy))
    if not is_installed():
        raise WebSearchError("searching needs a package", "pip install 'fathom-lm[search]'")
    return DdgsProvider()
