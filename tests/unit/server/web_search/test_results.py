"""Fields of providers are bounded, on one line, and lead to the web."""

import pytest

from fathom.server.web_search.results import SearchResult, clean_result, distinct, fuse_rankings


def test_fields_are_one_line_each() -> None:
    result = clean_result("A \n title", " https://a.example/b ", "some\t text", "2026-02-03T04:05:06Z")
    assert result == SearchResult("A title", "https://a.example/b", "some text", "2026-02-03")


def test_fields_may_be_missing_or_of_another_type() -> None:
    assert clean_result(None, "https://a.example", 3, "yesterday") == SearchResult("a.example", "https://a.example")


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "/path", "http://", "http://a:b/", "http://[", "x" * 3000]
)
def test_what_leads_nowhere_is_no_result(url: object) -> None:
    assert clean_result("title", url, "") is None


def test_long_fields_are_cut() -> None:
    result = clean_result("t" * 9999, "https://a.example", "s" * 9999)
    assert result is not None
    assert (len(result.title), len(result.snippet)) == (300, 1000)


def test_one_result_an_address() -> None:
    urls = ["https://www.a.example/x/", "http://a.example/x#part", "https://a.example/x?q=1", "https://b.example/x"]
    kept = distinct(SearchResult("t", url) for url in urls)
    assert [result.url for result in kept] == [urls[0], urls[2], urls[3]]


def test_ports_are_other_addresses() -> None:
    urls = ["http://a.example/", "http://a.example:8080/", "https://a.example:443"]
    assert [result.url for result in distinct(SearchResult("t", url) for url in urls)] == urls[:2]


def test_characters_that_hide_or_that_databases_refuse_are_left_out() -> None:
    result = clean_result("a\x00b \ud800\u202egnp.exe", "https://a.example/\x00", "x\x85y")
    assert result == SearchResult("ab gnp.exe", "https://a.example/", "x y")


def test_what_two_rankings_hold_comes_first() -> None:
    a, b, c, d = (SearchResult(name, f"https://{name}.example") for name in "abcd")
    assert fuse_rankings([[a, b], [c, SearchResult("B", "http://www.b.example/"), d]]) == [b, a, c, d]
    assert fuse_rankings([[a, a, a], [b], [b]]) == [b, a]  # a list that repeats itself gains nothing
    assert fuse_rankings([]) == []
