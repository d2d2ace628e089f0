"""Documents and bombs, made by hand so that each is as small as its point."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from fathom.server.files.extraction.passages import PassageWriter

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument."


class WrittenPassages(PassageWriter):
    """A writer that keeps its passages as pairs of place and text."""

    def __init__(self, max_characters: int = 100_000) -> None:
        self.passages: list[tuple[dict[str, Any], str]] = []
        super().__init__(lambda place, text: self.passages.append((dict(place), text)), max_characters)

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.passages)


def zip_of(members: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def pdf(pages: Iterable[str | None], title: str = "", extra: str = "", trailer: str = "") -> bytes:
    """A PDF with one line of text a page; None makes a page that holds only a picture."""
    pages = list(pages)
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    objects.append("<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray "
                   "/Length 1 >>\nstream\n0\nendstream")  # fmt: skip
    objects.append(f"<< /Title ({title}) >>")
    kids = []
    for text in pages:
        content = "q 600 0 0 800 0 0 cm /I Do Q" if text is None else f"BT /F 12 Tf 50 700 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        resources = "<< /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources {resources} "
                       f"/Contents {len(objects)} 0 R >>")  # fmt: skip
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return pdf_of([*objects, *([extra] if extra else [])], f"/Info 5 0 R {trailer}")


def pdf_of(objects: Iterable[str | bytes], trailer: str = "") -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        content = body if isinstance(body, bytes) else body.encode("latin-1")
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(offsets) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def locked_pdf() -> bytes:
    """A PDF that only a password opens."""
    trailer = f"/Encrypt 10 0 R /ID [<{'00' * 16}> <{'00' * 16}>]"
    encryption = f"<< /Filter /Standard /V 1 /R 2 /O <{'11' * 32}> /U <{'22' * 32}> /P -4 >>"
    return pdf(["secret", "two"], extra=encryption, trailer=trailer)


def docx(body: str, *, prolog: str = "", properties: str = "") -> bytes:
    """A Word document of these elements."""
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": _content_types("/word/document.xml", f"{_MAIN}wordprocessingml.document.main+xml"),
        "_rels/.rels": _relations("word/document.xml"),
        "word/document.xml": f'{prolog}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>',
    }
    if properties:
        members["docProps/core.xml"] = properties
    return zip_of(members)


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def word_table(rows: Iterable[Iterable[str]]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def xlsx_of_sheet(sheet: str | bytes) -> bytes:
    """A workbook with one sheet, given as its XML."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return zip_of({
        "[Content_Types].xml": _content_types("/xl/workbook.xml", f"{_MAIN}spreadsheetml.sheet.main+xml"),
        "_rels/.rels": _relations("xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    })  # fmt: skip


def sheet_xml(rows: str) -> str:
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


def epub(chapters: Mapping[str, str], *, title: str = "A book", encryption: str = "") -> bytes:
    """A book whose spine has the chapters, file name → body, in this order."""
    items = "".join(f'<item id="c{n}" href="{name}"/>' for n, name in enumerate(chapters))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>",
    }
    if encryption:
        members["META-INF/encryption.xml"] = encryption
    members |= {f"OEBPS/{name}": f"<html><body>{body}</body></html>" for name, body in chapters.items()}
    return zip_of(members)


def open_document(kind: str, body: str, *, title: str = "", manifest: str = "", prolog: str = "") -> bytes:
    """An OpenDocument file of a kind (``text``, ``spreadsheet``, ``presentation``) with the XML of its body."""
    names = ("office", "text", "table", "draw", "presentation", "style", "svg-compatible", "meta")
    spaces = "".join(f' xmlns:{name[:3]}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    members: dict[str, str | bytes] = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": f"{prolog}<off:document-content{spaces}><off:body><off:{kind}>{body}</off:{kind}></off:body>"
        "</off:document-content>",
    }
    if title:
        members["meta.xml"] = f'<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></m>'
    if manifest:
        members["META-INF/manifest.xml"] = manifest
    return zip_of(members)


def png(width: int = 3, height: int = 2) -> bytes:
    """A gray picture."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _content_types(part: str, kind: str) -> str:
    return (
        f'<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="{part}" ContentType="{kind}"/></Types>'
    )


def _relations(target: str) -> str:
    return (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        f'Target="{target}"/></Relationships>'
    )
