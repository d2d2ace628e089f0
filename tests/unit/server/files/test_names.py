"""Names are for reading."""

from __future__ import annotations

import pytest

from fathom.server.files.names import clean_name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("C:\\Users\\me\\报告 2026.docx", "报告 2026.docx"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("  spaced   out .txt", "spaced out .txt"),
        ("...", "file"),
        ("folder/", "file"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
        ("\ud800.txt", "txt"),
    ],
)
def test_names(name, cleaned):
    assert clean_name(name) == cleaned
