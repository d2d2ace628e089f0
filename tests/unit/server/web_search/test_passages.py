"""The best passages of each text, in order, within the budget."""

from fathom.server.web_search.passages import choose_passages

FILLER = "Nothing of interest is said here. " * 40


def test_short_texts_are_whole() -> None:
    assert choose_passages("town", [["The town."], ["A river."]], 100) == [["The town."], ["A river."]]


def test_of_long_texts_the_passages_that_matter() -> None:
    long = f"{FILLER}\n\nThe opera opened in 1959.\n\n{FILLER}"
    ((text,),) = choose_passages("When did the opera open?", [[long]], 400)
    assert "opened in 1959" in text
    assert len(text.encode()) <= 1600


def test_every_text_has_something_before_one_has_more() -> None:
    texts = choose_passages("opera", [["opera " * 2000], ["An opera house."]], 450)
    assert texts[1] == ["An opera house."]
    assert texts[0][0]


def test_of_a_document_the_sections_that_matter() -> None:
    document = [FILLER, "The opera opened in 1959.", FILLER, "The opera was rebuilt in 2001."]
    chosen = choose_passages("opera", [document, ["A river."]], 300)
    assert chosen == [["", document[1], "", document[3]], ["A river."]]


def test_where_no_passage_fits_a_smaller_one_does() -> None:
    ((text,),) = choose_passages("opera", [[f"{FILLER} The opera opened in 1959. {FILLER}"]], 50)
    assert "opera" in text
    assert len(text.encode()) <= 200


def test_gaps_are_marked() -> None:
    long = f"The opera is old.\n\n{FILLER}{FILLER}\n\nThe opera is large."
    ((text,),) = choose_passages("the opera", [[long]], 700)
    assert "[…]" in text


def test_without_room_there_is_nothing() -> None:
    assert choose_passages("x", [["text", "more"], [""]], 0) == [["", ""], [""]]
    assert choose_passages("x", [], 100) == []
