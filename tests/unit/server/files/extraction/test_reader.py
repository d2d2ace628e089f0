"""Files are read in a process with limits: bombs end in an error within them, and the next file is read."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from made_files import docx, epub, locked_pdf, paragraph, pdf, pdf_of, png, sheet_xml, xlsx_of_sheet

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction import reader
from fathom.server.files.extraction.reader import ReadEnd, ReadingLimits, ReadPassage, read_file

SMALL = ReadingLimits(wall_seconds=60, cpu_seconds=5, memory_bytes=400 * 2**20, max_characters=200_000)


async def read(data: bytes, tmp_path: Path, name: str = "a", limits: ReadingLimits = SMALL) -> tuple[str, ReadEnd]:
    path = tmp_path / "file"
    path.write_bytes(data)
    items = [item async for item in read_file(path, name, limits)]
    assert isinstance(items[-1], ReadEnd)
    return "".join(item.text for item in items if isinstance(item, ReadPassage)), items[-1]


@pytest.mark.parametrize(
    ("data", "name", "text", "format_"),
    [
        (pdf(["Page one"]), "a.pdf", "Page one\n", "PDF"),
        (docx(paragraph("Words")), "a.docx", "Words\n", "Word"),
        (epub({"a.xhtml": "<h1>One</h1>"}), "a.epub", "# One\n", "EPUB"),
        (b"a;b\n1;2\n", "a.csv", "| a | b |\n| --- | --- |\n| 1 | 2 |\n\n", "table"),
        (b"plain", "a.txt", "plain", "text"),
        (png(), "a.png", "", "PNG"),
    ],
)
async def test_formats_are_read_under_confinement(tmp_path, data, name, text, format_):
    read_text, end = await read(data, tmp_path, name)
    assert (read_text, end.format) == (text, format_)


async def test_a_workbook_and_slides_are_read_under_confinement(tmp_path):
    pptx, openpyxl = pytest.importorskip("pptx"), pytest.importorskip("openpyxl")
    presentation, book = pptx.Presentation(), openpyxl.Workbook()
    presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = "Plan"
    book.active["B2"] = "cell"
    for document, name, text in ((presentation, "a.pptx", "## Plan"), (book, "a.xlsx", "| 2 | cell |")):
        document.save(tmp_path / name)
        assert text in (await read((tmp_path / name).read_bytes(), tmp_path, name))[0]


OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
ROW = '<row><c t="inlineStr"><is><t>x</t></is></c></row>'
CATALOG, CYCLE = "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"


def nested_streams(levels: int) -> bytes:
    """A page whose content grows a thousandfold with each level of compression."""
    data = b"BT (x) Tj ET " * 400_000
    for _ in range(levels):
        data = zlib.compress(data, 9)
    filters = " ".join(["/FlateDecode"] * levels)
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    stream = f"<< /Length {len(data)} /Filter [{filters}] >>\nstream\n".encode() + data + b"\nendstream"
    return pdf_of([CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, stream])


def laughs() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE a [<!ENTITY e0 "ha">{entities}]>'


READ = "read"
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a.docx: a zip that unpacks to gigabytes": (lambda: docx(" " * 300 * 2**20), "unpacks to 300 MB"),
    "a.docx: billion laughs": (lambda: docx(paragraph("&e11;"), prolog=laughs()), "declares entities"),
    "a.docx: an external entity": (lambda: docx(paragraph("&x;"), prolog=OUTSIDE), "declares entities"),
    "a.docx: elements in elements": (lambda: docx("<w:p>" * 200_000), "damaged|memory|broke"),
    "a.xlsx: a sheet without an end": (lambda: xlsx_of_sheet(sheet_xml(ROW * 300_000)), READ),
    "a.pdf: locked": (locked_pdf, "password"),
    "a.pdf: streams that unpack in turn": (lambda: nested_streams(3), f"{READ}|memory"),
    "a.pdf: arrays in arrays": (lambda: pdf_of(["[" * 2_000_000]), "damaged|broke"),
    "a.pdf: a tree of pages that is its own branch": (lambda: pdf_of([CATALOG, CYCLE]), "damaged|no pages|read"),
    "a.json: arrays in arrays": (lambda: b'{"cells": ' + b"[" * 1_000_000, READ),
    "a.csv: a field without an end": (lambda: b'a,b\n1,"' + b"x" * 20_000_000, "cannot be read"),
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_bomb_ends_within_the_limits(tmp_path, bomb):
    make, expected = BOMBS[bomb]
    try:
        text, _ = await read(make(), tmp_path, bomb.partition(":")[0])
        ending = READ if len(text) <= SMALL.max_characters else "more text than is allowed"
    except UnreadableFileError as error:
        ending = str(error)
    assert re.search(expected, ending)


CODE = """
import os, socket
from fathom.server.files.extraction.readers import text
def read(file, writer):
    def attempt(act):
        try:
            act()
            return "done"
        except OSError as error:
            return type(error).__name__
    writer.add(attempt(lambda: open("/etc/passwd").read()), page=1)
    writer.add(attempt(lambda: open("/tmp/fathom-made", "w")), page=2)
    writer.add(attempt(lambda: socket.create_connection(("127.0.0.1", 9))), page=3)
    writer.add(attempt(os.fork), page=4)
    writer.add(repr(dict(os.environ).get("FATHOM_API_KEY")), page=5)
text.read = read
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
async def test_a_reader_sees_no_other_file_no_network_and_no_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_API_KEY", "secret")
    monkeypatch.setattr(reader, "_START", CODE + reader._START)
    text, _ = await read(b"text", tmp_path)
    assert text.splitlines() == ["PermissionError"] * 4 + ["None"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import time; time.sleep(60)", "more than 0.5 seconds"),
        ("import os, signal; os.abort()", "the file broke its reader"),
        ("print('no line of ours')", "the file broke its reader"),
        ("print('x' * 3_000_000)", "the file broke its reader"),
        ('print(\'{"text": 3, "place": {}}\')', "the file broke its reader"),
        ("import sys; sys.exit(0)", "the file broke its reader"),
    ],
)
async def test_a_process_that_misbehaves_is_an_error(tmp_path, monkeypatch, code, message):
    monkeypatch.setattr(reader, "_START", code)
    with pytest.raises(UnreadableFileError, match=message):
        await read(b"text", tmp_path, limits=replace(SMALL, wall_seconds=0.5 if "sleep" in code else 60))


async def test_processor_time_ends_a_reader(tmp_path, monkeypatch):
    loop = (
        "from fathom.server.files.extraction.readers import text\ndef read(*_):\n  while True: pass\ntext.read = read\n"
    )
    monkeypatch.setattr(reader, "_START", loop + reader._START)
    with pytest.raises(UnreadableFileError, match="more than 1 seconds of processor time"):
        await read(b"text", tmp_path, limits=replace(SMALL, cpu_seconds=1))


async def test_memory_ends_a_reader(tmp_path, monkeypatch):
    code = "from fathom.server.files.extraction.readers import text\ntext.read = lambda *_: bytearray(2**30)\n"
    monkeypatch.setattr(reader, "_START", code + reader._START)
    with pytest.raises(UnreadableFileError, match="more memory than it may"):
        await read(b"text", tmp_path)


async def test_text_that_databases_refuse_is_replaced(tmp_path):
    text, _ = await read(b"a\x00b " + b"plain text " * 50, tmp_path)
    assert text.startswith("a\ufffdb ")
