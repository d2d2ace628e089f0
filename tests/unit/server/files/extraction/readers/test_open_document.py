"""OpenDocument: texts, sheets and slides, and what is hostile in them."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages, open_document, zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.open_document import read


def read_data(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


def read_text(body: str) -> str:
    return read_data(open_document("text", body)).text


def table(rows: str, name: str = "Sales") -> str:
    return f'<tab:table tab:name="{name}">{rows}</tab:table>'


def cell(text: str, attributes: str = "") -> str:
    return f"<tab:table-cell {attributes}><tex:p>{text}</tex:p></tab:table-cell>"


def row(*cells: str, repeated: int = 1) -> str:
    return f'<tab:table-row tab:number-rows-repeated="{repeated}">{"".join(cells)}</tab:table-row>'


def test_headings_lists_tables_and_notes_are_markdown() -> None:
    text = read_text(
        '<tex:h tex:outline-level="2">Report</tex:h><tex:p>One<tex:s tex:c="2"/>two<tex:tab/>three<tex:line-break/>four'
        "<tex:note><tex:note-citation>1</tex:note-citation><tex:note-body><tex:p>A note.</tex:p></tex:note-body>"
        "</tex:note> <tex:span>end</tex:span></tex:p>"
        "<tex:list><tex:list-item><tex:p>a</tex:p><tex:list><tex:list-item><tex:p>b</tex:p></tex:list-item></tex:list>"
        "</tex:list-item></tex:list>"
        f"{table(row(cell('Year'), cell('Sum')) + row(cell('2019'), cell('5|6')))}"
    )
    assert text == (
        "## Report\n\nOne  two\tthree\nfour[^1] end\n\n- a\n  - b\n\n"
        "| Year | Sum |\n| --- | --- |\n| 2019 | 5\\|6 |\n\n[^1]: A note.\n"
    )


def test_what_was_deleted_or_remarked_is_left_out() -> None:
    text = read_text(
        "<tex:tracked-changes><tex:changed-region><tex:deletion><tex:p>gone</tex:p></tex:deletion></tex:changed-region>"
        "</tex:tracked-changes><tex:p>kept<off:annotation><tex:p>a remark</tex:p></off:annotation>.</tex:p>"
    )
    assert text == "kept.\n"


def test_a_text_box_is_read_behind_its_paragraph() -> None:
    box = "<dra:frame><dra:text-box><tex:p>in the box</tex:p></dra:text-box></dra:frame>"
    assert read_text(f"<tex:p>before {box}after</tex:p>") == "before \nin the boxafter\n"


def test_cells_have_addresses_and_values_their_forms() -> None:
    data = open_document(
        "spreadsheet",
        table(
            row(cell("Day"), cell("Sum"), cell("Share"), cell("Paid"))
            + row(repeated=3)
            + row(
                cell("1 Jan", 'off:value-type="date" off:date-value="2026-01-01T00:00:00"'),
                cell("1,235", 'off:value-type="float" off:value="1234.56"'),
                cell("12 %", 'off:value-type="percentage" off:value="0.12"'),
                cell("yes", 'off:value-type="boolean" off:boolean-value="true"'),
            )
            + row('<tab:table-cell tab:number-columns-repeated="16384"/>', repeated=1_048_000)
        )
        + table(row(cell("x", 'tab:number-columns-repeated="2"'), repeated=2), "Second"),
        title="Accounts",
    )
    writer = read_data(data)
    assert writer.title == "Accounts"
    assert writer.facts == {"sheets": 2}
    assert writer.passages == [
        (
            {"sheet": "Sales", "cells": "A1:D5"},
            "Sheet Sales\n\n|  | A | B | C | D |\n| --- | --- | --- | --- | --- |\n| 1 | Day | Sum | Share | Paid |\n"
            "| 5 | 2026-01-01 | 1234.56 | 12 % | TRUE |\n\n",
        ),
        (
            {"sheet": "Second", "cells": "A1:B2"},
            "Sheet Second\n\n|  | A | B |\n| --- | --- | --- |\n| 1 | x | x |\n| 2 | x | x |\n\n",
        ),
    ]


def test_slides_have_numbers_titles_and_notes() -> None:
    slide = (
        '<dra:page><dra:frame pre:class="title"><dra:text-box><tex:p>Plan</tex:p></dra:text-box></dra:frame>'
        "<dra:frame><dra:text-box><tex:p>Step</tex:p></dra:text-box></dra:frame>"
        "<pre:notes><dra:frame><dra:text-box><tex:p>Say it slowly</tex:p></dra:text-box></dra:frame></pre:notes>"
        "</dra:page>"
    )
    writer = read_data(open_document("presentation", f"<dra:page/>{slide}"))
    assert writer.passages == [({"slide": 2}, "## Plan\n\nStep\n\nNotes: Say it slowly\n")]
    assert writer.facts == {"slides": 2}


def test_pictures_are_counted() -> None:
    data = zip_of({
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": "<a><body><p>x</p></body></a>",
        "Pictures/1.png": b"x",
    })  # fmt: skip
    assert read_data(data).warnings == ["1 pictures were not read"]


@pytest.mark.parametrize("kind", ["text", "spreadsheet", "presentation"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY b "x">]><a><body>&b;</body></a>', "declares entities"),
        ("<a><body>", "damaged"),
    ],
)
def test_broken_and_hostile_xml_is_refused(kind: str, content: str, message: str) -> None:
    data = zip_of({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content})
    with pytest.raises(UnreadableFileError, match=message):
        read_data(data)


def test_missing_contents_are_damage() -> None:
    for kind in ("text", "spreadsheet"):
        with pytest.raises(UnreadableFileError, match="damaged"):
            read_data(zip_of({"mimetype": f"application/vnd.oasis.opendocument.{kind}"}))
    with pytest.raises(UnreadableFileError, match="it has no contents"):
        read_data(zip_of({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}))


def test_a_password_is_said() -> None:
    manifest = "<m:manifest xmlns:m='urn:m'><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>"
    with pytest.raises(UnreadableFileError, match="password"):
        read_data(open_document("text", "", manifest=manifest))


def test_a_row_that_claims_to_repeat_a_million_times_is_cut() -> None:
    writer = WrittenPassages(max_characters=10**7)
    read(io.BytesIO(open_document("spreadsheet", table(row(cell("x"), repeated=1_000_000)))), writer)
    assert writer.warnings == ["sheet Sales: a row that repeats 1,000,000 times was read 10,000 times"]
    assert writer.text.count("| x |") < 20_000
