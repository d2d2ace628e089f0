"""Rows of tables as Markdown, in batches of the size of a passage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from fathom.server.files.extraction.passages import PASSAGE_BYTES, PassageWriter

MAX_CELL = 2000
"""Characters of one cell; longer ones are cut, and the reader says so."""

Row = TypeVar("Row", bound=Iterable[str])


def markdown_row(cells: Iterable[str]) -> str:
    """``| a | b |``; bars are escaped, and line breaks become spaces."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ").strip() for cell in cells) + " |\n"


def markdown_rule(width: int) -> str:
    return "|" + " --- |" * width + "\n"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its heading; rows are padded to the longest."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return ""
    lines = [markdown_row([*row, *[""] * (width - len(row))]) for row in rows]
    return lines[0] + markdown_rule(width) + "".join(lines[1:])


def batch_rows(rows: Iterable[tuple[int, Row]]) -> Iterator[list[tuple[int, Row]]]:
    """Numbered rows in lists that each fill a passage; a row that is larger than one is a list of its own."""
    batch: list[tuple[int, Row]] = []
    size = 0
    for number, row in rows:
        width = sum(len(cell.encode("utf-8", "replace")) + 3 for cell in row)
        if batch and size + width > PASSAGE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((number, row))
        size += width
    if batch:
        yield batch


def cut_cell(text: str, writer: PassageWriter) -> str:
    """The text of a cell up to `MAX_CELL` characters."""
    if len(text) <= MAX_CELL:
        return text
    writer.warn(f"cells of more than {MAX_CELL:,} characters were cut")
    return text[:MAX_CELL] + "…"
