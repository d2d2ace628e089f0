"""OpenDocument (LibreOffice and others): texts, spreadsheets, presentations and drawings, from their ``content.xml``.

Deletions that are tracked and comments are left out, notes follow the text. A spreadsheet is streamed row by row, and
what it states about how often a cell or row repeats is believed only as far as it holds text and the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree
from zipfile import ZipFile

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.cells import MAX_COLUMNS, Cells, add_sheet, row_cells
from fathom.server.files.extraction.containers import open_archive, parse_xml, read_member, refuse_declarations
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import markdown_table

CONTENT, _META, _MANIFEST = "content.xml", "meta.xml", "META-INF/manifest.xml"
_SKIPPED = frozenset({
    "tracked-changes", "annotation", "forms", "sequence-decls", "variable-decls", "user-field-decls", "settings",
    "table-of-content-source", "alphabetical-index-source", "ruby-text", "desc", "note-citation", "event-listeners",
})  # fmt: skip
_MAX_SPACES = 100
_MAX_REPEATED = 10_000
"""Rows that one row which holds text may stand for."""

Element = ElementTree.Element


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the document. Raises UnreadableFileError where it is broken or protected."""
    with open_archive(file) as archive:
        refuse_declarations(archive)
        names = archive.namelist()
        if _MANIFEST in names and b"encryption-data" in read_member(archive, _MANIFEST):
            raise UnreadableFileError("the file is protected by a password", "remove the password and attach the copy")
        if _META in names:
            writer.title = _title(parse_xml(read_member(archive, _META), _META))
        pictures = sum(name.startswith("Pictures/") and not name.endswith("/") for name in names)
        if "spreadsheet" in read_member(archive, "mimetype")[:200].decode("ascii", "replace"):
            _read_sheets(archive, writer)
        else:
            _read_body(parse_xml(read_member(archive, CONTENT), CONTENT), writer)
    if pictures:
        writer.facts["pictures"] = pictures
        writer.warn(f"{pictures} pictures were not read")


def _title(meta: Element) -> str | None:
    title = next((node for node in meta.iter() if _name(node) == "title"), None)
    return None if title is None else " ".join("".join(title.itertext()).split())[:300] or None


def _read_body(root: Element, writer: PassageWriter) -> None:
    slides = [node for node in root.iter() if _name(node) == "page"]
    for number, slide in enumerate(slides, 1):
        writer.add(_Blocks().text(slide) + "\n", slide=number)
    if slides:
        writer.facts["slides"] = len(slides)
        return
    body = next((node for node in root.iter() if _name(node) == "body"), None)
    if body is None:
        raise UnreadableFileError("the file is damaged: it has no contents", "save it again and attach the copy")
    writer.add_lines(_Blocks().text(body) + "\n")


class _Blocks:
    """Paragraphs, lists and tables of a part of a document as Markdown; its notes come last."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._notes: list[str] = []

    def text(self, node: Element) -> str:
        self._add(node, 0)
        return "\n\n".join([*self._blocks, *(f"[^{n}]: {note}" for n, note in enumerate(self._notes, 1))])

    def _add(self, parent: Element, depth: int) -> None:
        for node in parent:
            name = _name(node)
            if name == "h":
                self._put("#" * min(max(_number(node, "outline-level", 1), 1), 6) + " ", self._inline(node))
            elif name == "p":
                self._put("", self._inline(node))
            elif name == "list":
                self._list(node, depth)
            elif name == "table":
                self._put("", markdown_table(list(self._rows(node))))
            elif name == "notes":
                self._put("Notes: ", _Blocks().text(node))
            elif name == "frame" and _attribute(node, "class") == "title":
                self._put("## ", " ".join(_Blocks().text(node).split()))
            elif name not in _SKIPPED:
                self._add(node, depth)

    def _put(self, mark: str, text: str) -> None:
        if text.strip():
            self._blocks.append(mark + text.strip("\n"))

    def _list(self, node: Element, depth: int) -> None:
        lines = []
        for item in node:
            inner = _Blocks()
            inner._notes = self._notes
            inner._add(item, depth + 1)
            if inner._blocks:
                first, *rest = "\n".join(inner._blocks).splitlines()
                lines += [f"- {first}", *(f"  {line}" for line in rest)]
        self._put("", "\n".join(lines))

    def _rows(self, table: Element) -> Iterator[list[str]]:
        for node in table:
            if _name(node) == "table-row":
                yield [self._cell(cell) for cell in node]
            elif _name(node) in ("table-header-rows", "table-rows", "table-row-group"):
                yield from self._rows(node)

    def _cell(self, cell: Element) -> str:
        inner = _Blocks()
        inner._notes = self._notes
        inner._add(cell, 0)
        return " ".join(inner._blocks)

    def _inline(self, node: Element) -> str:
        """The text of a paragraph. A frame within it is a block of its own, behind it."""
        pieces = [node.text or ""]
        for child in node:
            name = _name(child)
            if name == "s":
                pieces.append(" " * min(_number(child, "c", 1), _MAX_SPACES))
            elif name == "tab":
                pieces.append("\t")
            elif name == "line-break":
                pieces.append("\n")
            elif name == "note":
                self._notes.append(" ".join(_Blocks().text(child).split()))
                pieces.append(f"[^{len(self._notes)}]")
            elif name == "frame":
                pieces += ["\n", _Blocks().text(child)]
            elif name not in _SKIPPED:
                pieces.append(self._inline(child))
            pieces.append(child.tail or "")
        return "".join(pieces)


def _read_sheets(archive: ZipFile, writer: PassageWriter) -> None:
    sheets = 0
    try:
        with archive.open(CONTENT) as part:
            events = ElementTree.iterparse(part, events=("start", "end"))
            for event, node in events:
                if event == "start" and _name(node) == "table":
                    sheets += 1
                    name = (_attribute(node, "name") or f"Sheet {sheets}")[:100]
                    add_sheet(_sheet_rows(events, node, name, writer), name, writer)
    except (ElementTree.ParseError, KeyError) as error:
        raise UnreadableFileError(
            "the spreadsheet is damaged and cannot be read", "save it again and attach the copy"
        ) from error
    writer.facts["sheets"] = sheets


def _sheet_rows(
    events: Iterator[tuple[str, Element]], table: Element, sheet: str, writer: PassageWriter
) -> Iterator[tuple[int, Cells]]:
    """The rows of ``table`` that hold text, with their numbers; each is forgotten once it is read."""
    number = 1
    for event, node in events:
        if event == "end" and node is table:
            return
        if event != "end" or _name(node) != "table-row":
            continue
        writer.check_time()
        repeated = max(_number(node, "number-rows-repeated", 1), 1)
        cells = row_cells(_row_texts(node), sheet, writer)
        for copy in range(min(repeated, _MAX_REPEATED) if cells is not None else 0):
            assert cells is not None
            yield number + copy, cells
        if cells is not None and repeated > _MAX_REPEATED:
            writer.warn(f"sheet {sheet}: a row that repeats {repeated:,} times was read {_MAX_REPEATED:,} times")
        number += repeated
        node.clear()
        table.clear()


def _row_texts(row: Element) -> dict[int, str]:
    texts: dict[int, str] = {}
    column = 1
    for cell in row:
        repeated = max(_number(cell, "number-columns-repeated", 1), 1)
        text = _value(cell)
        if text.strip():
            texts |= dict.fromkeys(range(column, column + min(repeated, MAX_COLUMNS + 1)), text)
        column += repeated
    return texts


def _value(cell: Element) -> str:
    """Numbers as they are stored, dates in ISO form, all else as it is shown."""
    kind = _attribute(cell, "value-type")
    if kind == "float" and (value := _attribute(cell, "value")):
        return value
    if kind == "date" and (value := _attribute(cell, "date-value")):
        return value.removesuffix("T00:00:00").replace("T", " ")
    if kind == "boolean" and (value := _attribute(cell, "boolean-value")):
        return value.upper()
    return _Blocks().text(cell).replace("\n\n", "\n")


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _attribute(node: Element, name: str) -> str | None:
    """An attribute by its local name: each is in one namespace alone in these elements."""
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), None)


def _number(node: Element, name: str, default: int) -> int:
    value = _attribute(node, name) or ""
    return int(value) if value.isdecimal() and len(value) < 9 else default
