"""CSV and its relatives: the delimiter is found by trying which one divides the lines evenly."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import IO

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import batch_rows, cut_cell, markdown_row, markdown_rule

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
_FIELD = 2**24


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the rows as a table; each passage begins with the heading, and is placed by its first line."""
    text, _ = decode_text(file.read())
    if text.startswith("sep=") and "\n" in text:  # Excel's own first line
        delimiter, text = text[4:5], text.partition("\n")[2]
    else:
        delimiter = find_delimiter(text) or ","
    _add_rows(_read_rows(text, delimiter), writer)


def _read_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty with the number of their first line; a field may hold line breaks."""
    csv.field_size_limit(_FIELD)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    before = 0
    try:
        for row in rows:
            if row:
                yield before + 1, row
            before = rows.line_num
    except csv.Error as error:
        raise UnreadableFileError(
            f"line {rows.line_num} of the table cannot be read: {error}", "mend the line, or attach it as .txt"
        ) from error


def find_delimiter(text: str) -> str | None:
    """The delimiter by which most of the first rows have the same number of fields, more than one; None if none is."""
    sample = text[:200_000]
    best, best_score = None, 0.0
    for delimiter in DELIMITERS:
        rows = _sample(sample, delimiter)
        width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
        score = count / len(rows) * (1 + min(width, 20) / 100) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best if best_score > 0.7 else None


def _sample(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True):
            if row:
                rows.append(row)
            if len(rows) >= _SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return rows


def _add_rows(rows: Iterator[tuple[int, list[str]]], writer: PassageWriter) -> None:
    _, heading = next(rows, (0, []))
    if not heading:
        return
    table = markdown_row([cut_cell(cell, writer) for cell in heading]) + markdown_rule(len(heading))
    count = 0
    for batch in batch_rows((line, [cut_cell(cell, writer) for cell in row]) for line, row in rows):
        count += len(batch)
        text = table + "".join(markdown_row(row) for _, row in batch) + "\n"
        writer.add_passage(text, line=batch[0][0], end=batch[-1][0])
    if not count:
        writer.add_passage(table + "\n", line=1)
    writer.facts.update(rows=count, columns=len(heading))
