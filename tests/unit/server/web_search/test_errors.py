"""An address that is refused is an error of fetching, which a search survives."""

from fathom.base.errors import FathomError
from fathom.server.web_search.errors import AddressRefusedError, FetchError, WebSearchError


def test_a_refused_address_is_a_page_that_was_not_fetched() -> None:
    assert issubclass(AddressRefusedError, FetchError)
    assert issubclass(FetchError, FathomError)
    assert not issubclass(WebSearchError, FetchError)
