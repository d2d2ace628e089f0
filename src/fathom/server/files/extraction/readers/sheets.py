"""Excel: the cells of every sheet that have content, with their addresses.

Values are those that Excel computed and stored; where a formula has none (the file was written by a program that does
not compute), the formula itself is shown. Sheets are streamed, so that memory does not grow with them, and what a sheet
states about its own size is not believed.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.containers import open_archive, refuse_declarations
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import batch_rows, cut_cell, markdown_row, markdown_rule

MAX_COLUMNS = 256
"""Columns of one row that are read; the reader says where there are more."""

_BROKEN = (
    InvalidFileException,
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    AttributeError,
    IndexError,
    TypeError,
    OSError,
)
_SCANNED = 2**20


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the rows of every sheet. Raises UnreadableFileError where the workbook is broken."""
    with open_archive(file) as archive:
        refuse_declarations(archive)
        has_formulas = any(
            _holds_formula(archive, part) for part in archive.namelist() if part.startswith("xl/worksheets/")
        )
    try:
        _read_book(file, has_formulas, writer)
    except (*_BROKEN, SyntaxError) as error:
        raise UnreadableFileError(
            "the workbook is damaged and cannot be read", "save it again and attach the copy"
        ) from error


def _holds_formula(archive: zipfile.ZipFile, part: str) -> bool:
    before = b""
    with archive.open(part) as sheet:
        while piece := sheet.read(_SCANNED):
            if b"<f>" in before + piece or b"<f " in before + piece:
                return True
            before = piece[-3:]
    return False


def _read_book(file: IO[bytes], has_formulas: bool, writer: PassageWriter) -> None:
    file.seek(0)
    values = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    formulas = openpyxl.load_workbook(file, read_only=True, keep_links=False) if has_formulas else None
    writer.title = (values.properties.title or "").strip()[:300] or None
    writer.facts["sheets"] = len(values.sheetnames)
    hidden = [sheet.title for sheet in values.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        writer.warn(f"hidden sheets were read too: {', '.join(hidden[:20])}")
    for sheet in values.worksheets:
        _read_sheet(sheet, formulas and formulas[sheet.title], writer)


def _read_sheet(sheet: Any, formulas: Any, writer: PassageWriter) -> None:
    """Add one sheet: rows of a table with their numbers, under the letters of the columns and the sheet's first row."""
    pending = _Formulas(formulas)
    rows = _texts(sheet, pending, writer)
    heading: tuple[int, _Cells] | None = None
    for batch in batch_rows(rows):
        shown = batch if heading is None else [heading, *batch]
        heading = heading or batch[0]
        columns = [column for _, row in shown for column in row.columns]
        first, last = min(columns), max(columns)
        letters = [get_column_letter(column) for column in range(first, last + 1)]
        lines = [markdown_row(["", *letters]), markdown_rule(len(letters) + 1)]
        lines += [markdown_row([str(number), *row.between(first, last)]) for number, row in shown]
        cells = f"{letters[0]}{batch[0][0]}:{letters[-1]}{batch[-1][0]}"
        writer.add_passage(f"Sheet {sheet.title}\n\n" + "".join(lines) + "\n", sheet=sheet.title, cells=cells)
    if pending.shown:
        writer.warn(f"sheet {sheet.title}: {pending.shown} formulas have no stored value and are shown as formulas")


class _Cells:
    """The texts of a row by column; iterates over the texts."""

    def __init__(self, columns: Mapping[int, str]) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns.values())

    def between(self, first: int, last: int) -> list[str]:
        return [self.columns.get(column, "") for column in range(first, last + 1)]


def _texts(sheet: Any, formulas: _Formulas, writer: PassageWriter) -> Iterator[tuple[int, _Cells]]:
    """The rows that hold text, with their numbers."""
    for number, row in _rows(sheet):
        values = {cell.column: cell.value for cell in row if cell.value is not None}
        values.update(formulas.missing(number, row))
        first = min(values, default=0)
        texts = {
            column: cut_cell(text, writer)
            for column, value in values.items()
            if column < first + MAX_COLUMNS and (text := _format(value)).strip()
        }
        if values and max(values) >= first + MAX_COLUMNS:
            writer.warn(f"sheet {sheet.title}: only {MAX_COLUMNS} columns of a row are read")
        writer.check_time()
        if texts:
            yield number, _Cells(texts)


def _rows(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows that hold cells, with their numbers."""
    sheet.reset_dimensions()
    for row in sheet.iter_rows():
        cells = [cell for cell in row if getattr(cell, "row", None) is not None]
        if cells:
            yield cells[0].row, cells


class _Formulas:
    """The formulas of a sheet, read in step with its values."""

    def __init__(self, sheet: Any) -> None:
        self._rows = _rows(sheet) if sheet is not None else iter(())
        self._number, self._row = next(self._rows, (0, ()))
        self.shown = 0

    def missing(self, number: int, row: Sequence[Any]) -> dict[int, str]:
        """Column → formula, for the cells of the row with this number that have no value."""
        while self._number and self._number < number:
            self._number, self._row = next(self._rows, (0, ()))
        if self._number != number:
            return {}
        empty = {cell.column for cell in row if cell.value is None}
        texts = {
            cell.column: cell.value
            for cell in self._row
            if cell.column in empty and isinstance(cell.value, str) and cell.value.startswith("=")
        }
        self.shown += len(texts)
        return texts


def _format(value: Any) -> str:
    """Dates in ISO form, whole numbers without ``.0``, truth values as in Excel."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
