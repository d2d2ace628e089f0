"""What ddgs returns and raises, without asking an engine."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fathom.server.web_search.duckduckgo import ENGINES, DdgsProvider, is_installed
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchResult


async def test_results_of_the_package() -> None:
    asked = []

    def ask(query: str, count: int) -> Sequence[Mapping[str, Any]]:
        asked.append((query, count))
        return [{"title": "T", "href": "https://a.example", "body": "B"}, {"title": "no address"}]

    assert await DdgsProvider(ask).search("q", 3) == [SearchResult("T", "https://a.example", "B")]
    assert asked == [("q", 3)]


async def test_no_results_are_no_error() -> None:
    def ask(query: str, count: int) -> Sequence[Mapping[str, Any]]:
        raise RuntimeError("No results found.")

    assert await DdgsProvider(ask).search("q", 3) == []


async def test_an_engine_that_fails_says_what_to_do() -> None:
    def ask(query: str, count: int) -> Sequence[Mapping[str, Any]]:
        raise RuntimeError("202 Ratelimit")

    with pytest.raises(WebSearchError, match=r"gave no answer \(202 Ratelimit\); wait a minute"):
        await DdgsProvider(ask).search("q", 3)


async def test_engines_that_are_silent_end_at_the_limit() -> None:
    def ask(query: str, count: int) -> Sequence[Mapping[str, Any]]:
        time.sleep(0.2)
        return []

    with pytest.raises(WebSearchError, match=r"no engine answered in 0\.01 s"):
        await DdgsProvider(ask, seconds=0.01).search("q", 3)


async def test_without_the_package_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fathom.server.web_search.duckduckgo.is_installed", lambda: False)
    with pytest.raises(WebSearchError, match="pip install"):
        await DdgsProvider().search("q", 3)


@pytest.mark.skipif(not is_installed(), reason="ddgs is not installed")
def test_the_package_knows_our_engines() -> None:
    from ddgs import engines

    assert set(ENGINES) <= set(engines.ENGINES["text"])
