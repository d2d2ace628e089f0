"""Sheets of workbooks as passages: numbered rows under the letters of their columns and the sheet's first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import batch_rows, cut_cell, markdown_row, markdown_rule

MAX_COLUMNS = 256
"""Columns of one row that are read; the reader says where there are more."""


class Cells:
    """The texts of a row by column (from 1); iterates over the texts."""

    def __init__(self, columns: Mapping[int, str]) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns.values())

    def between(self, first: int, last: int) -> list[str]:
        return [self.columns.get(column, "") for column in range(first, last + 1)]


def row_cells(texts: Mapping[int, str], sheet: str, writer: PassageWriter) -> Cells | None:
    """The cells of a row that hold text, within the limits; None where none does."""
    first = min(texts, default=0)
    if texts and max(texts) >= first + MAX_COLUMNS:
        writer.warn(f"sheet {sheet}: only {MAX_COLUMNS} columns of a row are read")
    kept = {
        column: cut_cell(text, writer)
        for column, text in texts.items()
        if column < first + MAX_COLUMNS and text.strip()
    }
    return Cells(kept) if kept else None


def add_sheet(rows: Iterable[tuple[int, Cells]], sheet: str, writer: PassageWriter) -> None:
    """Add numbered rows of a sheet, each passage placed by its cells."""
    heading: tuple[int, Cells] | None = None
    for batch in batch_rows(rows):
        shown = batch if heading is None else [heading, *batch]
        heading = heading or batch[0]
        columns = [column for _, row in shown for column in row.columns]
        first, last = min(columns), max(columns)
        letters = [column_letters(column) for column in range(first, last + 1)]
        lines = [markdown_row(["", *letters]), markdown_rule(len(letters) + 1)]
        lines += [markdown_row([str(number), *row.between(first, last)]) for number, row in shown]
        cells = f"{letters[0]}{batch[0][0]}:{letters[-1]}{batch[-1][0]}"
        writer.add_passage(f"Sheet {sheet}\n\n" + "".join(lines) + "\n", sheet=sheet, cells=cells)


def column_letters(column: int) -> str:
    """``1`` → ``A``, ``27`` → ``AA``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
