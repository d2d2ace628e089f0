"""HTML as text with the marks of Markdown for headings, lists, tables, code and emphasis.

Scripts, styles and what is hidden are left out; nothing is fetched. The standard library's parser accepts broken markup
as browsers do, and knows no entities but those of HTML.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import IO

from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import markdown_table

_SKIPPED = frozenset({"script", "style", "template", "noscript", "svg", "head", "iframe", "object", "select", "math"})
_BLOCKS = re.compile(
    "address|article|aside|blockquote|body|center|d[dlt]|details|dialog|div|fieldset|figcaption|figure|footer|form|"
    "h[1-6r]|header|li|main|nav|[ou]l|p|pre|section|summary"
)
_MAX_TABLES = 8
"""Tables within tables; deeper ones are read as text."""
_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.I)


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text of a page, placed by its headings' order as one document."""
    data = file.read()
    declared = _CHARSET.search(data[:4096])
    text = _decode_declared(data, declared[1].decode("ascii")) if declared else None
    page = HtmlText()
    page.feed(text if text is not None else decode_text(data)[0])
    page.close()
    writer.title = page.title
    writer.add_lines(page.text())


def _decode_declared(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, ValueError):
        return None


class HtmlText(HTMLParser):
    """Feed it markup, then ask for ``text()`` and ``title``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: str | None = None
        self._out: list[str] = []
        self._skipping: list[str] = []
        self._in_title = False
        self._in_code = 0
        self._lists: list[int | None] = []
        self._tables: list[_Table] = []

    def text(self) -> str:
        while self._tables:
            self._end_table()
        text = "".join(self._out)
        text = re.sub(r"[ \t]+\n", "\n", text)
        return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not self.title:
            self._in_title = True
        if self._skipping or tag in _SKIPPED:
            if tag in _SKIPPED:
                self._skipping.append(tag)
            if tag == "body":
                self._skipping.clear()
            return
        self._open(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._skipping:
            if tag in self._skipping:
                del self._skipping[self._skipping.index(tag) :]
            return
        self._close(tag)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title = ((self.title or "") + " ".join(data.split()))[:300] or None
        elif not self._skipping:
            self._write(data if self._in_code else re.sub(r"\s+", " ", data))

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if _BLOCKS.fullmatch(tag):
            self._break("\n" if tag in ("li", "dd", "dt") else "\n\n")
        if re.fullmatch("h[1-6]", tag):
            self._out_now("#" * int(tag[1]) + " ")
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._out_now("  " * (len(self._lists) - 1) + self._bullet())
        elif tag == "br":
            self._write("\n")
        elif tag == "pre":
            self._in_code += 1
            self._out_now("```\n")
        elif tag == "table" and len(self._tables) < _MAX_TABLES:
            self._tables.append(_Table())
        elif tag == "tr" and self._tables:
            self._tables[-1].start_row()
        elif tag in ("td", "th") and self._tables:
            self._tables[-1].start_cell()
        elif tag == "img" and (alternative := (attributes.get("alt") or "").strip()):
            self._write(f"[picture: {alternative}]")

    def _close(self, tag: str) -> None:
        if tag in ("td", "th") and self._tables:
            self._tables[-1].end_cell()
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "pre" and self._in_code:
            self._in_code -= 1
            self._break("\n")
            self._out_now("```")
        if _BLOCKS.fullmatch(tag):
            self._break("\n" if tag in ("li", "dd", "dt") else "\n\n")

    def _bullet(self) -> str:
        if not self._lists or (number := self._lists[-1]) is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number + 1}. "

    def _end_table(self) -> None:
        table = self._tables.pop()
        table.end_cell()
        self._break("\n\n")
        self._out_now(markdown_table([row for row in table.rows if row]))
        self._break("\n\n")

    def _write(self, text: str) -> None:
        target = self._target()
        if not target or target[-1].endswith(("\n", " ")):
            text = text if self._in_code else text.lstrip(" ")
        if text:
            target.append(text)

    def _out_now(self, text: str) -> None:
        self._target().append(text)

    def _target(self) -> list[str]:
        """Where text goes: the innermost open cell, else the page."""
        return next((table.cell for table in reversed(self._tables) if table.cell is not None), self._out)

    def _break(self, breaks: str) -> None:
        target = self._target()
        if target and not target[-1].endswith(breaks):
            target.append(breaks)


class _Table:
    """Rows of a table as its markup comes; many cells and rows are never closed."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.cell: list[str] | None = None

    def start_row(self) -> None:
        self.end_cell()
        self.rows.append([])

    def start_cell(self) -> None:
        self.end_cell()
        self.cell = []

    def end_cell(self) -> None:
        if self.cell is not None:
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("".join(self.cell).strip())
        self.cell = None
