"""The text of a document and where its sections begin."""

from fathom.server.web_search.sections import Section, join_passages, sections_of


def test_passages_of_one_place_are_a_section() -> None:
    text, places = join_passages(
        [({"page": 1}, "\n a b "), ({"page": 1}, "c\n"), ({"page": 3}, "d\n"), ({"page": 4}, "\n")]
    )
    assert text == "a b c\nd"
    assert places == ((0, {"page": 1}), (6, {"page": 3}))
    assert sections_of(text, places) == [Section({"page": 1}, "a b c\n"), Section({"page": 3}, "d")]


def test_lines_are_no_sections() -> None:
    assert join_passages([({"line": 1}, "a\n"), ({"line": 2}, "b\n")]) == ("a\nb", ())
    assert sections_of("a\nb", ()) == [Section(None, "a\nb")]
    assert sections_of("a\nb", [(2, {"page": 1})]) == [Section(None, "a\n"), Section({"page": 1}, "b")]
    assert join_passages([]) == ("", ())
