"""What the engines of ddgs return, refuse and break, without asking one: its HTTP client is replaced."""

import asyncio
import json
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from fathom.server.web_search.duckduckgo import ENGINES, DdgsProvider, is_installed
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchResult

installed = pytest.mark.skipif(not is_installed(), reason="ddgs is not installed")

DUCKDUCKGO = """<html><body><div id="links">
  <div class="links_main result__body"><h2><a href="https://duckduckgo.com/y.js?ad">Buy lakes</a></h2>
    <a href="https://duckduckgo.com/y.js?ad_domain=x">Buy</a></div>
  <div class="links_main result__body"><h2><a href="https://a.example/lake">The <b>lake</b></a></h2>
    <a href="https://a.example/lake">It is <b>deep</b> &amp; cold.</a></div>
  <div class="links_main result__body"><h2><a>Trick</a></h2><a href="javascript:alert(1)">x</a></div>
  <div class="links_main result__body"><h2><a>No address</a></h2></div>
</div></body></html>"""
BRAVE = """<html><body>
  <div data-type="web"><a href="https://b.example/"><div class="title">B</div></a>
    <div class="snippet"><div class="content">second &lt;script&gt;alert(1)&lt;/script&gt;\u202e</div></div></div>
  <div data-type="web"><a href="http://www.a.example/lake/"><div class="title">Lake</div></a></div>
</body></html>"""
NOTHING = "<html><body><p>Nothing was found.</p></body></html>"
WIKIPEDIA = json.dumps(["lake", ["Lake"], [""], ["https://en.wikipedia.org/wiki/Lake"]])
EXTRACT = json.dumps({"query": {"pages": {"1": {"extract": "<p>A <b>lake</b> is water.</p>"}}}})


class Engines:
    """Stands for `primp.Client`: an answer by a part of the address; status 200 with no results for others."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.requests: list[tuple[str, str, Any]] = []

    def __call__(self, **options: Any) -> "Engines":
        assert options["timeout"] == 8
        return self

    def headers_update(self, headers: object) -> None: ...

    def set_cookies(self, url: str, cookies: object) -> None: ...

    def request(self, method: str, url: str, **given: Any) -> SimpleNamespace:
        self.requests.append((method, url, given))
        plain = "[0, []]" if "wikipedia" in url else NOTHING
        answer = next((self.answers[name] for name in self.answers if name in url), plain)
        if "action=query" in url:
            answer = EXTRACT
        if isinstance(answer, Exception):
            raise answer
        status, text = (answer, "<html>captcha</html>") if isinstance(answer, int) else (200, answer)
        return SimpleNamespace(status_code=status, content=text.encode(), text=text)

    def hosts(self) -> set[str]:
        return {url.split("/")[2].removeprefix("www.") for _, url, _ in self.requests}


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(**answers: Any) -> Engines:
        client = Engines(**answers)
        monkeypatch.setattr("ddgs.http_client.primp.Client", client)
        return client

    return install


@installed
async def test_pages_of_two_engines_become_results(engines: Any) -> None:
    client = engines(duckduckgo=DUCKDUCKGO, brave=BRAVE)
    assert await DdgsProvider().search("deep lake", 2) == [
        SearchResult("The lake", "https://a.example/lake", "It is deep & cold."),
        SearchResult("B", "https://b.example/", "second alert(1)"),
    ]
    assert client.hosts() == {"html.duckduckgo.com", "search.brave.com"}  # the others receive nothing
    assert client.requests[0][2]["data"]["q"] == "deep lake" or client.requests[1][2]["data"]["q"] == "deep lake"


@installed
async def test_too_few_results_are_completed_by_other_engines(engines: Any) -> None:
    client = engines(duckduckgo=DUCKDUCKGO, wikipedia=WIKIPEDIA)
    found = await DdgsProvider().search("deep lake", 3)
    assert [result.url for result in found] == ["https://a.example/lake", "https://en.wikipedia.org/wiki/Lake"]
    assert found[1].snippet == "A lake is water."
    assert {"mojeek.com", "startpage.com", "en.wikipedia.org"} < client.hosts()


@installed
@pytest.mark.parametrize(
    ("query", "host"),
    [("lake", "en"), ("青海湖有多深", "zh"), ("琵琶湖はどこ", "ja"), ("호수", "ko"), ("озеро", "ru"), ("Müritz", "en")],
)
async def test_wikipedia_is_asked_in_a_language_that_it_has(engines: Any, query: str, host: str) -> None:
    client = engines()
    await DdgsProvider().search(query, 3)
    assert {name for name in client.hosts() if "wikipedia" in name} == {f"{host}.wikipedia.org"}


@installed
async def test_no_results_are_no_error(engines: Any) -> None:
    client = engines()
    assert await DdgsProvider().search("q", 3) == []
    assert len(client.hosts()) == len(ENGINES)


@installed
@pytest.mark.parametrize("status", [202, 403, 429, 503])
async def test_engines_that_limit_requests_are_not_a_search_without_results(engines: Any, status: int) -> None:
    engines(duckduckgo=status, brave=status, mojeek=status, startpage=status)  # and Wikipedia knows no such article
    with pytest.raises(WebSearchError, match=r"no answer \(duckduckgo: refused, .*mojeek: refused.*\); wait a minute"):
        await DdgsProvider().search("q", 3)


@installed
async def test_one_engine_that_answers_is_enough(engines: Any) -> None:
    import primp

    engines(duckduckgo=429, brave=primp.TimeoutError("slow"), mojeek=primp.ConnectError("away"), wikipedia=WIKIPEDIA)
    assert [result.title for result in await DdgsProvider().search("q", 3)] == ["Lake"]


@installed
@pytest.mark.parametrize("page", ["", "\x00", "<", "{}", "[" * 5000, "<div>" * 5000, '{"a": 1}', "\ud7ff\ufffe" * 99])
async def test_pages_that_are_none_break_nothing(engines: Any, page: str) -> None:
    engines(duckduckgo=page, mojeek=page, startpage=page, wikipedia=page, brave=BRAVE)
    assert "B" in [result.title for result in await DdgsProvider().search("q", 5)]


@installed
async def test_a_network_that_is_away_is_said_shortly_and_without_the_query(engines: Any) -> None:
    import primp

    error = primp.ConnectError("error sending request for url (https://x.example/?q=secret) " + "dns " * 500)
    engines(**dict.fromkeys(ENGINES, error))
    with pytest.raises(WebSearchError, match="duckduckgo: ConnectError") as caught:
        await DdgsProvider().search("secret", 3)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@installed
async def test_engines_that_time_out_are_named(engines: Any) -> None:
    import primp

    engines(**dict.fromkeys(ENGINES, primp.TimeoutError("operation timed out")))
    with pytest.raises(WebSearchError, match=r"duckduckgo: no answer in 8 s, brave: no answer in 8 s"):
        await DdgsProvider().search("q", 3)


@installed
async def test_an_engine_that_the_package_lost_is_passed_over(engines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ddgs.engines

    engines(brave=BRAVE)
    monkeypatch.delitem(ddgs.engines.ENGINES["text"], "duckduckgo")
    assert [result.title for result in await DdgsProvider().search("q", 2)] == ["B", "Lake"]


async def test_engines_that_are_silent_end_at_the_limit() -> None:
    release = threading.Event()

    def ask(engine: str, query: str) -> None:
        release.wait(10)

    with pytest.raises(WebSearchError, match=r"no engine answered in 0\.01 s"):
        await DdgsProvider(ask, seconds=0.01).search("q", 3)
    release.set()


async def test_what_came_before_the_limit_is_kept() -> None:
    release = threading.Event()

    def ask(engine: str, query: str) -> Sequence[Any]:
        if engine != "duckduckgo":
            release.wait(10)
        return [SimpleNamespace(title="T", href="https://a.example", body=None)]

    found = await DdgsProvider(ask, seconds=0.5).search("q", 3)
    release.set()
    assert found == [SearchResult("T", "https://a.example")]


async def test_a_search_that_is_cancelled_ends() -> None:
    release = threading.Event()

    def ask(engine: str, query: str) -> None:
        release.wait(10)

    task = asyncio.create_task(DdgsProvider(ask).search("q", 3))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()


async def test_without_the_package_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fathom.server.web_search.duckduckgo.is_installed", lambda: False)
    with pytest.raises(WebSearchError, match="pip install"):
        await DdgsProvider().search("q", 3)


@installed
def test_the_package_knows_our_engines() -> None:
    from ddgs import engines

    assert set(ENGINES) <= set(engines.ENGINES["text"])
