"""What a file is, by its content.

A name decides only between forms of text that have the same bytes: a ``.csv`` is read as a table, a ``.txt`` that looks
like one is not, and HTML in a file of source code stays source code.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.containers import open_archive, read_member
from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.readers.image import image_size

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format: ``reader`` is the module in ``readers`` that reads it, ``package`` what it imports."""

    name: str
    reader: str
    media_type: str
    package: str | None = None


_OOXML = "application/vnd.openxmlformats-officedocument."
PDF = FileFormat("PDF", "pdf", "application/pdf", "pypdfium2")
WORD = FileFormat("Word", "word", f"{_OOXML}wordprocessingml.document", "mammoth")
SLIDES = FileFormat("PowerPoint", "slides", f"{_OOXML}presentationml.presentation", "pptx")
SHEETS = FileFormat("Excel", "sheets", f"{_OOXML}spreadsheetml.sheet", "openpyxl")
EPUB = FileFormat("EPUB", "epub", "application/epub+zip")
_ODF = "application/vnd.oasis.opendocument."
OPEN_DOCUMENTS = {
    kind: FileFormat(f"OpenDocument {kind}", "open_document", f"{_ODF}{kind}")
    for kind in ("text", "spreadsheet", "presentation", "graphics")
}
RICH_TEXT = FileFormat("RTF", "rich_text", "application/rtf")
TABLE = FileFormat("table", "delimited", "text/csv")
HTML = FileFormat("HTML", "html", "text/html")
WEB_PAGE = FileFormat("web page", "web_page", "text/html", "trafilatura")
NOTEBOOK = FileFormat("notebook", "notebook", "application/x-ipynb+json")
TEXT = FileFormat("text", "text", "text/plain")

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", FileFormat("PNG", "image", "image/png")),
    (b"\xff\xd8\xff", FileFormat("JPEG", "image", "image/jpeg")),
    (b"GIF8", FileFormat("GIF", "image", "image/gif")),
    (b"BM", FileFormat("BMP", "image", "image/bmp")),
    (b"RIFF", FileFormat("WebP", "image", "image/webp")),
)
_OFFICE = (
    (b"wordprocessingml", "word", WORD),
    (b"presentationml", "ppt", SLIDES),
    (b"spreadsheetml", "xl", SHEETS),
)
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER = (
    (0, (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"), "an archive"),
    (0, (b"ID3", b"\xff\xfb", b"OggS", b"fLaC"), "a sound recording"),
    (4, (b"ftyp",), "a video or picture in a format that is not read"),
    (0, (b"\x1aE\xdf\xa3",), "a video"),
    (0, (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"), "a program"),
    (0, (b"SQLite format 3\0",), "a database"),
    (0, (b"II*\0", b"MM\0*"), "a TIFF picture"),
    (257, (b"ustar",), "an archive"),
)
_ADVICE = "attach PDF, Word, PowerPoint, Excel, OpenDocument, CSV, EPUB, HTML, RTF, text, code or a picture"


def detect_format(file: IO[bytes], name: str) -> FileFormat:
    """The format of a file. Raises UnreadableFileError for one without a reader, which the message names."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip(b"\0 \r\n\t"):
        raise UnreadableFileError("the file is empty", "attach one with content")
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith(b"{\\rtf"):
        return RICH_TEXT
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_format(file)
    if head.startswith(_COMPOUND):
        raise _compound_error(file)
    for offset, starts, kind in _OTHER:
        if head.startswith(starts, offset):
            raise UnreadableFileError(f"this is {kind}, which cannot be read here", _ADVICE)
    for start, image in _IMAGES:
        if head.startswith(start) and (image_size(file) is not None or start == b"\x89PNG\r\n\x1a\n"):
            return image
        file.seek(0)
    return _text_format(file, name)


def _zip_format(file: IO[bytes]) -> FileFormat:
    with open_archive(file) as archive:
        names = archive.namelist()
        if "[Content_Types].xml" in names:
            return _office_format(archive, read_member(archive, "[Content_Types].xml"))
        kind = read_member(archive, "mimetype")[:200].strip() if "mimetype" in names else b""
    if kind == EPUB.media_type.encode() or (not kind and "META-INF/container.xml" in names):
        return EPUB
    if kind.startswith(_ODF.encode()):
        return _open_document(kind.decode("ascii", "replace").removeprefix(_ODF))
    raise UnreadableFileError("this is an archive, which is not unpacked here", "unpack it and attach its files")


def _open_document(kind: str) -> FileFormat:
    """The format of a document or of its template (``text-template``)."""
    known = OPEN_DOCUMENTS.get(kind.partition("-")[0])
    if known is None:
        raise UnreadableFileError("this is an OpenDocument file of a kind that cannot be read here", "save it as PDF")
    return known


def _office_format(archive: zipfile.ZipFile, types: bytes) -> FileFormat:
    if "xl/workbook.bin" in archive.namelist():
        raise UnreadableFileError("this is a binary workbook, which cannot be read here", "save it as .xlsx")
    parts = {name.partition("/")[0] for name in archive.namelist()}
    for mark, folder, office in _OFFICE:
        if mark in types and folder in parts:
            return office
    raise UnreadableFileError("this Office file is none of Word, PowerPoint and Excel", _ADVICE)


def _compound_error(file: IO[bytes]) -> UnreadableFileError:
    """The format of Office before 2007, which also wraps encrypted files of today."""
    if "EncryptedPackage".encode("utf-16-le") in file.read(2**20):
        return UnreadableFileError("the file is protected by a password", "remove the password and attach the copy")
    return UnreadableFileError(
        "this is a file of Office before 2007, which cannot be read here", "save it as .docx, .xlsx or .pptx"
    )


def _text_format(file: IO[bytes], name: str) -> FileFormat:
    suffix = PurePath(name).suffix.lower()
    head = file.read(_HEAD)
    file.seek(0)
    start = decode_text(head)[0].lstrip().lower()
    if suffix in (".csv", ".tsv", ".tab"):
        return TABLE
    if suffix in (".html", ".htm", ".xhtml", "") and start.startswith(("<!doctype html", "<html", "<?xml")):
        return HTML if "<html" in start or start.startswith("<!doctype html") else TEXT
    if suffix == ".ipynb" or (start.startswith("{") and '"cells"' in start and _is_notebook(file)):
        return NOTEBOOK
    return TEXT


def _is_notebook(file: IO[bytes]) -> bool:
    try:
        book = json.loads(file.read())
    except (ValueError, RecursionError):
        return False
    finally:
        file.seek(0)
    return isinstance(book, dict) and isinstance(book.get("cells"), list) and "nbformat" in book
