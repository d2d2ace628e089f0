"""Excel: the cells of every sheet that have content, with their addresses.

Values are those that Excel computed and stored; where a formula has none (the file was written by a program that does
not compute), the formula itself is shown. Sheets are streamed, so that memory does not grow with them, and what a sheet
states about its own size is not believed.
"""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.cells import Cells, add_sheet, row_cells
from fathom.server.files.extraction.containers import open_archive, refuse_declarations
from fathom.server.files.extraction.passages import PassageWriter

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
    """Add one sheet, and say how many formulas are shown as such."""
    pending = _Formulas(formulas)
    add_sheet(_texts(sheet, pending, writer), sheet.title, writer)
    if pending.shown:
        writer.warn(f"sheet {sheet.title}: {pending.shown} formulas have no stored value and are shown as formulas")


def _texts(sheet: Any, formulas: _Formulas, writer: PassageWriter) -> Iterator[tuple[int, Cells]]:
    """The rows that hold text, with their numbers."""
    for number, row in _rows(sheet):
        values = {cell.column: cell.value for cell in row if cell.value is not None}
        values.update(formulas.missing(number, row))
        cells = row_cells({column: _format(value) for column, value in values.items()}, sheet.title, writer)
        writer.check_time()
        if cells is not None:
            yield number, cells


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
