"""Numbers of sources."""

from __future__ import annotations

from fathom.server.conversations.importing.citations import Citations, web_citation


def test_one_address_has_one_number():
    citations = Citations()
    assert [
        citations.number("A", "https://a"),
        citations.number("B", "https://b", "b!"),
        citations.number("A again", "https://a"),
    ] == [1, 2, 1]
    assert [(part.data["number"], part.data["title"], part.data["quote"]) for part in citations.take()] == [
        (1, "A", None),
        (2, "B", "b!"),
    ]
    assert citations.take() == ()


def test_a_branch_goes_on_with_the_numbers_before_it():
    before = Citations()
    before.number("A", "https://a")
    left, right = Citations(before), Citations(before)
    assert (left.number("B", "https://b"), right.number("C", "https://c"), right.number("A", "https://a")) == (2, 2, 1)
    assert [part.data["title"] for part in right.take()] == ["C"]


def test_a_citation_has_every_field_of_the_api():
    part = web_citation(3, "", "https://a", None)
    assert part.type == "citation"
    assert part.data == {
        "number": 3,
        "kind": "web",
        "title": "https://a",
        "url": "https://a",
        "source": None,
        "place": None,
        "quote": None,
        "supported": None,
    }
