"""Public search engines by the package ddgs, which reads their result pages: no key, no account, and no promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchResult, clean_result, distinct

ENGINES = ("duckduckgo", "brave", "mojeek", "startpage", "wikipedia")
"""The engines that may receive a query; ddgs asks some of them, until it has enough results."""

TextSearch = Callable[[str, int], Sequence[Mapping[str, Any]]]


def is_installed() -> bool:
    return find_spec("ddgs") is not None


def search_text(query: str, count: int) -> Sequence[Mapping[str, Any]]:
    """Results as ddgs returns them: ``title``, ``href``, ``body``. Blocks; raises the package's own exceptions."""
    ddgs = import_module("ddgs")
    results: Sequence[Mapping[str, Any]] = ddgs.DDGS(timeout=8).text(
        query, region="wt-wt", max_results=count, backend=",".join(ENGINES)
    )
    return results


@dataclass
class DdgsProvider:
    """Asks public engines; ``ask`` is replaced in tests."""

    ask: TextSearch = search_text
    seconds: float = 20.0
    name: str = field(default="duckduckgo", init=False)

    async def search(self, query: str, count: int) -> list[SearchResult]:
        if self.ask is search_text and not is_installed():
            raise WebSearchError("searching by ddgs needs a package", "pip install 'fathom-lm[search]'")
        try:
            async with asyncio.timeout(self.seconds):
                entries = await asyncio.to_thread(self.ask, query, count)
        except TimeoutError:
            raise WebSearchError(f"no engine answered in {self.seconds:g} s", "try again, or use SearXNG") from None
        except Exception as error:  # the package raises what its engines do
            if "no results" in str(error).lower():
                return []
            raise WebSearchError(
                f"the public engines gave no answer ({error})", "wait a minute, or use a SearXNG of your own"
            ) from None
        results = [clean_result(entry.get("title"), entry.get("href"), entry.get("body")) for entry in entries]
        return distinct(result for result in results if result is not None)[:count]
