"""What a file is, whatever it is called."""

from __future__ import annotations

import io
import json

import pytest
from made_files import docx, epub, open_document, paragraph, pdf, png, sheet_xml, xlsx_of_sheet, zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.formats import detect_format

HTML = b"<!DOCTYPE html><html><body>x</body></html>"
NOTEBOOK = json.dumps({"cells": [], "nbformat": 4}).encode()
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (pdf(["a"]), "report.docx", "PDF"),
        (docx(paragraph("a")), "report.pdf", "Word"),
        (xlsx_of_sheet(sheet_xml("")), "x", "Excel"),
        (epub({"a.xhtml": "x"}), "x.zip", "EPUB"),
        (open_document("text", ""), "x.zip", "OpenDocument text"),
        (open_document("spreadsheet-template", ""), "x.ots", "OpenDocument spreadsheet"),
        (rb"{\rtf1 a}", "x.doc", "RTF"),
        (png(), "photo.jpg", "PNG"),
        (b"a;b\n1;2\n", "x.csv", "table"),
        (b"a;b\n1;2\n", "x.txt", "text"),
        (HTML, "page.html", "HTML"),
        (HTML, "page.php", "text"),
        (NOTEBOOK, "x.ipynb", "notebook"),
        (NOTEBOOK, "x.json", "notebook"),
        (b'{"cells": 3}', "x.json", "text"),
        (b"BM is how this text begins", "x.txt", "text"),
        (b"def f():\n  pass\n", "f.py", "text"),
    ],
)
def test_the_content_decides(data, name, expected):
    assert detect_format(io.BytesIO(data), name).name == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b" \n ", "the file is empty"),
        (bytes(5000), "the file is empty"),
        (zip_of({"a.txt": "x"}), "an archive, which is not unpacked"),
        (zip_of({"mimetype": "application/vnd.oasis.opendocument.formula"}), "an OpenDocument file of a kind"),
        (zip_of({"[Content_Types].xml": "x", "xl/workbook.bin": "x"}), "a binary workbook"),
        (zip_of({"[Content_Types].xml": "visio"}), "none of Word, PowerPoint and Excel"),
        (b"\x1f\x8b\x08 packed", "an archive"),
        (b"ID3 sound", "a sound recording"),
        (b"\0\0\0\x18ftypmp42", "a video or picture"),
        (b"\x7fELF", "a program"),
        (OLE + b"WordDocument", "Office before 2007"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (bytes(range(1, 255)) * 3, "neither text nor a format"),
    ],
)
def test_what_cannot_be_read_is_named(data, message):
    with pytest.raises(UnreadableFileError, match=message) as caught:
        detect_format(io.BytesIO(data), "a.bin")
    assert caught.value.remedy
