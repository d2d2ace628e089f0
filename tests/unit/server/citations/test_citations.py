"""One citation a source, with its quotes checked against what was read."""

from fathom.server.citations.citations import CitableSource, cite

TOWN = CitableSource(
    1, "web", "The town", "p1", "The town was founded in 1703 by a king. It has a port.", "https://a.example"
)
RIVER = CitableSource(
    2, "file", "Rivers.pdf", "f1", "The river is 900 km long. It is brown in spring.", place={"page": 3}
)


def test_a_quote_that_is_in_the_source() -> None:
    (citation,) = cite("It “was founded in 1703” [1].", [TOWN, RIVER])
    assert citation.part() == {
        "type": "citation",
        "number": 1,
        "kind": "web",
        "title": "The town",
        "url": "https://a.example",
        "source": "p1",
        "place": None,
        "quote": "was founded in 1703",
        "supported": True,
        "passage": "The town was founded in 1703 by a king. It has a port.",
        "checks": [{"quote": "was founded in 1703", "supported": True}],
    }


def test_one_quote_that_is_not_marks_the_source() -> None:
    (citation,) = cite("It “was founded in 1703” [1] and “has a famous airport” [1].", [TOWN])
    assert (citation.supported, citation.quote) == (False, "has a famous airport")
    assert citation.checks == (("was founded in 1703", True), ("has a famous airport", False))


def test_own_words_are_not_judged_and_show_where_to_look() -> None:
    (citation,) = cite("In spring, the river is brown [2].", [TOWN, RIVER])
    assert (citation.supported, citation.quote, citation.checks) == (None, None, ())
    assert citation.passage == "The river is 900 km long. It is brown in spring."
    assert citation.part()["place"] == {"page": 3}


def test_ironies_and_names_are_no_quotes() -> None:
    (citation,) = cite("The “big town” [1].", [TOWN])
    assert citation.supported is None


def test_sources_come_in_the_order_of_their_use() -> None:
    assert [citation.source.number for citation in cite("Long [2]. Old [1]. Brown [2].", [TOWN, RIVER])] == [2, 1]


def test_an_answer_without_marks_cites_nothing() -> None:
    assert cite("The town is old.", [TOWN]) == []
    assert cite("Old [3].", [TOWN]) == []


def test_the_passage_of_a_long_source_is_cut_at_words() -> None:
    source = CitableSource(1, "web", "t", "p", "word " * 200 + "the exact words said " + "word " * 200)
    (citation,) = cite("“the exact words said” [1]", [source])
    assert citation.passage is not None
    assert citation.passage.startswith("… word word")
    assert citation.passage.endswith("word …")
    assert "the exact words said" in citation.passage
