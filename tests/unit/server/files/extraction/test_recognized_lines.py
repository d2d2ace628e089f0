"""Boxes become lines, in the order in which they are read."""

from fathom.server.files.extraction.recognized_lines import RecognizedLine, join_lines


def line(text: str, left: float, top: float, height: float = 20) -> RecognizedLine:
    return RecognizedLine(left, top, left + 100, top + height, text)


def test_boxes_side_by_side_are_one_line():
    assert join_lines([line("right", 300, 12), line("left", 0, 10), line("below", 0, 35)]) == "left  right\nbelow\n"


def test_a_gap_is_an_empty_line():
    assert join_lines([line("a", 0, 0), line("b", 0, 25), line("c", 0, 80)]) == "a\nb\n\nc\n"


def test_a_small_line_inside_a_high_one_is_a_line_of_its_own():
    assert join_lines([line("HIGH", 0, 0, 100), line("small", 200, 5)]) == "small\nHIGH\n"


def test_no_lines():
    assert join_lines([]) == ""
