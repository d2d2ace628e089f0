"""Excel: cells with addresses, dates, formulas, hidden sheets, and sizes that are not believed."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest
from made_files import WrittenPassages, sheet_xml, xlsx_of_sheet, zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.sheets import read


def read_data(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


def read_book(book: openpyxl.Workbook) -> WrittenPassages:
    data = io.BytesIO()
    book.save(data)
    return read_data(data.getvalue())


def test_cells_have_addresses_and_values_their_forms():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sales"
    sheet.append(["Region", "Day", "Sum", "Paid"])
    sheet.append(["North|West", datetime.date(2026, 1, 2), 3.0, True])
    sheet["B4"] = datetime.datetime(2026, 1, 2, 15, 30)
    (passage,) = read_book(book).passages
    assert passage == (
        {"sheet": "Sales", "cells": "A1:D4"},
        "Sheet Sales\n\n|  | A | B | C | D |\n| --- | --- | --- | --- | --- |\n| 1 | Region | Day | Sum | Paid |\n"
        "| 2 | North\\|West | 2026-01-02 | 3 | TRUE |\n| 4 |  | 2026-01-02 15:30:00 |  |  |\n\n",
    )


def test_each_passage_begins_with_the_first_row():
    book = openpyxl.Workbook()
    book.active.append(["name", "note"])
    for number in range(100):
        book.active.append([f"n{number}", "x" * 50])
    passages = read_book(book).passages
    assert len(passages) > 3
    assert all("| 1 | name | note |" in text for _, text in passages)
    first, last = passages[0][0]["cells"].split(":")
    assert first == "A1"
    assert passages[1][0]["cells"].startswith(f"A{int(last[1:]) + 1}:")


def test_a_formula_without_a_value_is_shown_and_one_with_a_value_is_not():
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = 2, "=SUM(A1:A1)"
    writer = read_book(book)
    assert "| 2 | =SUM(A1:A1) |" in writer.text
    assert writer.warnings == ["sheet Sheet: 1 formulas have no stored value and are shown as formulas"]
    stored = read_data(xlsx_of_sheet(sheet_xml('<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>')))
    assert "| 1 | 2 |" in stored.text
    assert not stored.warnings


def test_hidden_sheets_are_read_and_named():
    book = openpyxl.Workbook()
    hidden = book.create_sheet("Secret")
    hidden.sheet_state = "hidden"
    hidden["C3"] = "x"
    writer = read_book(book)
    assert writer.passages[0][0] == {"sheet": "Secret", "cells": "C3:C3"}
    assert writer.warnings == ["hidden sheets were read too: Secret"]


def test_far_cells_and_a_false_size_cost_nothing():
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row>'
    rows += '<row r="1048576"><c r="B1048576"><v>3</v></c></row>'
    xml = sheet_xml(rows).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    writer = read_data(xlsx_of_sheet(xml))
    assert writer.warnings == ["sheet S: only 256 columns of a row are read"]
    assert "| 1048576 |  | 3 |" in writer.text


@pytest.mark.parametrize("data", [zip_of({"xl/workbook.xml": "<a/>"}), xlsx_of_sheet("<worksheet><broken")])
def test_a_damaged_one(data):
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_data(data)
