"""What can go wrong between a question and a page, each with words for people and for the model alike."""

from __future__ import annotations

from fathom.base.errors import FathomError


class WebSearchError(FathomError):
    """A search that gave nothing: no provider, one that does not answer, or an answer that is none."""


class FetchError(FathomError):
    """A page that was not fetched or not read; other pages are not affected."""


class AddressRefusedError(FetchError):
    """An address that a page may not be fetched from: another scheme, another port, this machine or its network."""
