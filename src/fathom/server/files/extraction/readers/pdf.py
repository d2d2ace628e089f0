"""PDF by pdfium: the text of each page in its reading order.

Pages that hold only pictures (scans) are noted; their text needs OCR.
"""

from __future__ import annotations

import re
from typing import IO

import pypdfium2
from pypdfium2 import PdfiumError, raw

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.passages import PassageWriter, page_list

MAX_PAGES = 5000
_HYPHENATED = re.compile(r"(?<=[a-zß-öø-ÿ])[\u0002\u00ad\ufffe]\n?(?=[a-zß-öø-ÿ])")
"""A word divided at the end of a line: pdfium writes U+0002 or U+FFFE for such a hyphen."""


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text of every page. Raises UnreadableFileError where the file is protected or broken."""
    document = open_document(file)
    try:
        count = len(document)
        writer.facts["pages"] = count
        writer.title = _title(document)
        broken = []
        for index in range(min(count, MAX_PAGES)):
            try:
                page = document[index]
                text = _page_text(page)
            except PdfiumError:
                broken.append(index + 1)
                continue
            if text.strip():
                writer.add(text, page=index + 1)
            elif _has_picture(page):
                writer.picture_pages.append(index + 1)
            page.close()
        _warn(writer, count, broken)
    finally:
        document.close()


def open_document(file: IO[bytes]) -> pypdfium2.PdfDocument:
    """The document, to be closed. Raises UnreadableFileError where it is protected, damaged or empty."""
    try:
        document = pypdfium2.PdfDocument(file)
    except PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise UnreadableFileError(
                "the PDF is protected by a password", "remove the password and attach the copy"
            ) from error
        raise UnreadableFileError(
            "the PDF is damaged and cannot be opened", "open it in a viewer, print it to a new PDF, and attach that"
        ) from error
    if not len(document):
        raise UnreadableFileError("the PDF has no pages", "save it again and attach the copy")
    return document


def _page_text(page: pypdfium2.PdfPage) -> str:
    text_page = page.get_textpage()
    try:
        text: str = text_page.get_text_range().replace("\r\n", "\n")
    finally:
        text_page.close()
    return _HYPHENATED.sub("", text).replace("\u0002", "-").replace("\ufffe", "-").replace("\0", "")


def _has_picture(page: pypdfium2.PdfPage) -> bool:
    objects = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH], max_depth=3)
    return next(iter(objects), None) is not None


def _title(document: pypdfium2.PdfDocument) -> str | None:
    return document.get_metadata_value("Title").strip() or None


def _warn(writer: PassageWriter, count: int, broken: list[int]) -> None:
    if broken:
        writer.warn(f"{len(broken)} of {count} pages could not be read: {page_list(broken)}")
    if count > MAX_PAGES:
        writer.warn(f"only the first {MAX_PAGES:,} of {count:,} pages were read")
