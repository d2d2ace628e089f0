"""Parts of an answer are completed, in their order."""

from collections.abc import Iterable, Mapping
from typing import Any

from fathom.server.citations.check import CitationCheck


def part(number: int, source: str, kind: str = "web") -> dict[str, Any]:
    fields = {"type": "citation", "number": number, "kind": kind, "title": "T", "source": source}
    return {**fields, "url": None, "place": None, "quote": None, "supported": None}


async def pages(ids: Iterable[str]) -> Mapping[str, str]:
    stored = {"p1": "The town was founded in 1703.", "p2": "Rivers are long."}
    return {name: stored[name] for name in ids if name in stored}


async def files(ids: Iterable[str]) -> Mapping[str, str]:
    return {"f1": "It is on page three of the file."}


async def test_used_and_unused_sources_of_both_kinds() -> None:
    check = CitationCheck({"web": pages, "file": files})
    answer = "It “was founded in 1703” [1], “is on page four of the file” [3]."
    first, second, third = await check(answer, [part(1, "p1"), part(2, "p2"), part(3, "f1", "file")])
    assert (first["used"], first["supported"]) == (True, True)
    assert second == {**part(2, "p2"), "used": False}
    assert (third["used"], third["supported"], third["quote"]) == (True, False, "is on page four of the file")


async def test_a_source_that_is_gone_is_not_judged() -> None:
    (only,) = await CitationCheck({"web": pages})("It “was founded in 1703” [1].", [part(1, "gone")])
    assert (only["used"], only["supported"], only["passage"]) == (True, None, None)
