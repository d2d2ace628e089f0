"""Sheets as passages, within the limits."""

import pytest
from made_files import WrittenPassages

from fathom.server.files.extraction.cells import MAX_COLUMNS, add_sheet, column_letters, row_cells


@pytest.mark.parametrize(("column", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_letters_of_columns(column: int, letters: str) -> None:
    assert column_letters(column) == letters


def test_every_passage_has_the_first_row_and_its_own_cells() -> None:
    writer = WrittenPassages()
    rows = [(number, row_cells({2: f"{number}", 3: "x" * 700}, "S", writer)) for number in (1, 3, 4, 9)]
    add_sheet([(number, cells) for number, cells in rows if cells is not None], "S", writer)
    assert [place["cells"] for place, _ in writer.passages] == ["B1:C3", "B4:C9"]
    assert all("|  | B | C |" in text and "| 1 | 1 |" in text for _, text in writer.passages)


def test_rows_are_cut_and_empty_ones_left_out() -> None:
    writer = WrittenPassages()
    cells = row_cells({5: "a", 6: " ", 4 + MAX_COLUMNS: "b", 5 + MAX_COLUMNS: "c"}, "S", writer)
    assert cells is not None
    assert list(cells) == ["a", "b"]
    assert writer.warnings == [f"sheet S: only {MAX_COLUMNS} columns of a row are read"]
    assert row_cells({1: " "}, "S", writer) is None
    assert row_cells({}, "S", writer) is None
