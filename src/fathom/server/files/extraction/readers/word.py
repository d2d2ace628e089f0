"""Word: mammoth makes HTML of the document's structure, which becomes Markdown: headings, lists, tables, notes."""

from __future__ import annotations

import io
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

import mammoth

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.containers import open_archive, parse_xml, refuse_declarations
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.readers.html import HtmlText

_BROKEN = (KeyError, ValueError, AttributeError, IndexError, OSError, TypeError, ExpatError)
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text of a document. Pictures are counted. Raises UnreadableFileError where it is broken."""
    with open_archive(file) as archive:
        refuse_declarations(archive)
        if "docProps/core.xml" in archive.namelist():
            writer.title = core_title(parse_xml(archive.read("docProps/core.xml"), "docProps/core.xml"))
        pictures = sum(part.startswith("word/media/") for part in archive.namelist())
    file.seek(0)
    try:
        content = io.BytesIO(file.read())  # mammoth would take the descriptor, an open file's name here, for a path
        html: str = mammoth.convert_to_html(content, convert_image=mammoth.images.img_element(_no_picture)).value
    except _BROKEN as error:
        raise UnreadableFileError(
            "the Word document is damaged and cannot be read", "save it again and attach the copy"
        ) from error
    page = HtmlText()
    page.feed(html)
    page.close()
    writer.add_lines(page.text())
    if pictures:
        writer.facts["pictures"] = pictures
        writer.warn(f"{pictures} pictures were not read")


def core_title(properties: ElementTree.Element) -> str | None:
    """The title in the core properties of an Office document."""
    return (properties.findtext(_TITLE) or "").strip()[:300] or None


def _no_picture(_: Any) -> dict[str, str]:
    return {"src": ""}
