"""Rows as Markdown, in batches."""

from __future__ import annotations

from made_files import WrittenPassages

from fathom.server.files.extraction.tables import batch_rows, cut_cell, markdown_row, markdown_table


def test_a_row_escapes_bars_and_line_breaks():
    assert markdown_row(["a|b", "c\nd"]) == "| a\\|b | c d |\n"


def test_a_table_pads_short_rows():
    assert markdown_table([["x", "y"], ["1"]]) == "| x | y |\n| --- | --- |\n| 1 |  |\n"
    assert markdown_table([]) == ""


def test_batches_fill_a_passage_and_a_large_row_is_alone():
    rows = [(number, ["x" * 700]) for number in range(1, 6)] + [(6, ["y" * 5000])]
    assert [[number for number, _ in batch] for batch in batch_rows(rows)] == [[1, 2], [3, 4], [5], [6]]


def test_a_long_cell_is_cut_with_a_warning():
    writer = WrittenPassages()
    assert cut_cell("short", writer) == "short"
    assert len(cut_cell("x" * 3000, writer)) == 2001
    assert writer.warnings == ["cells of more than 2,000 characters were cut"]
