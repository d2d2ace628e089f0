"""Public search engines by the package ddgs, which reads their result pages: no key, no account, and no promise.

Its engines are asked one by one, not by its own `DDGS.text`: that one cannot tell an engine that refuses (rate limit,
captcha) from a query that finds nothing, and sends "wt-wt" ("no region") to Wikipedia as a language.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchResult, clean_result, fuse_rankings

ENGINES = ("duckduckgo", "brave", "mojeek", "startpage", "wikipedia")
"""The engines that may receive a query, two at a time, in this order, until there are enough results."""

_AT_ONCE = 2
_ENGINE_SECONDS = 8
_LONGEST_REASON = 120
_SCRIPTS = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ko", r"[\uac00-\ud7af]"),
    ("zh", r"[\u3400-\u9fff]"),
    ("ru", r"[\u0400-\u04ff]"),
)
"""Languages of Wikipedia that a script tells; of all others the English one is asked."""

AskEngine = Callable[[str, str], Sequence[Any] | None]


def is_installed() -> bool:
    return find_spec("ddgs") is not None


def ask_engine(engine: str, query: str) -> Sequence[Any] | None:
    """Results of one engine as ddgs reads them: objects with ``title``, ``href``, ``body``; None where it refuses.

    Blocks, for one or two requests of at most 8 s each. Raises the package's exceptions, and those of its parsers.
    """
    make = import_module("ddgs.engines").ENGINES["text"][engine]
    region = f"wt-{_language(query)}" if engine == "wikipedia" else "wt-wt"
    results: Sequence[Any] | None = make(timeout=_ENGINE_SECONDS).search(query, region=region)
    return results


@dataclass
class DdgsProvider:
    """Asks public engines; ``ask`` is replaced in tests."""

    ask: AskEngine = ask_engine
    seconds: float = 20.0
    name: str = field(default="duckduckgo", init=False)

    async def search(self, query: str, count: int) -> list[SearchResult]:
        """Results that several engines rank high come first. Raises WebSearchError where most engines fail."""
        if self.ask is ask_engine and not is_installed():
            raise WebSearchError("searching by ddgs needs a package", "pip install 'fathom-lm[search]'")
        rankings: dict[str, list[SearchResult]] = {}
        failures: list[str] = []
        try:
            async with asyncio.timeout(self.seconds):
                for start in range(0, len(ENGINES), _AT_ONCE):
                    engines = ENGINES[start : start + _AT_ONCE]
                    await asyncio.gather(*(self._ask(engine, query, rankings, failures) for engine in engines))
                    if len(fuse_rankings(rankings.values())) >= count:
                        break
        except TimeoutError:
            if not any(rankings.values()):
                raise WebSearchError(f"no engine answered in {self.seconds:g} s", "try again, or use SearXNG") from None
        results = fuse_rankings(rankings[engine] for engine in ENGINES if engine in rankings)[:count]
        if not results and len(failures) >= len(rankings):
            raise WebSearchError(
                f"the public engines gave no answer ({', '.join(failures)})",
                "wait a minute, or use a SearXNG of your own",
            )
        return results

    async def _ask(self, engine: str, query: str, rankings: dict[str, list[SearchResult]], failures: list[str]) -> None:
        """Add the engine's results to ``rankings`` as soon as they come, or why there are none to ``failures``."""
        try:
            entries = await asyncio.to_thread(self.ask, engine, query)
        except Exception as error:  # what the engines' pages make of the package's parsers
            failures.append(f"{engine}: {_reason(error)}")
            return
        if entries is None:
            failures.append(f"{engine}: refused, it may limit how often it answers")
            return
        results = (clean_result(*(getattr(entry, key, None) for key in ("title", "href", "body"))) for entry in entries)
        rankings[engine] = [result for result in results if result is not None]


def _language(query: str) -> str:
    return next((language for language, script in _SCRIPTS if re.search(script, query)), "en")


def _reason(error: Exception) -> str:
    """One short line; the package's errors repeat themselves and hold whole addresses with the query."""
    if type(error).__name__ == "TimeoutException":
        return f"no answer in {_ENGINE_SECONDS} s"
    line = re.sub(r"https?://\S+", "…", re.sub(r"\s+", " ", str(error))) or type(error).__name__
    return line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + "…"
