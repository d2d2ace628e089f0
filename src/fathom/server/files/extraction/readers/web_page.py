"""The article of a web page, without menus, advertisements and comments, by trafilatura (Barbaresi 2021).

Where it sees no article (an index, a form, a very short page), all of the page's text is taken.
"""

from __future__ import annotations

import re
from typing import IO

import trafilatura

from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.readers.html import HtmlText

_CHARSET = re.compile(rb"<meta[^>]+charset=[\"']?([\w-]+)", re.I)
_UTF8_MARK = b"\xef\xbb\xbf"
_SHORT = 200
"""Characters below which an article is compared with the whole page."""


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the article, placed by lines; its title, and the date where the page names one (``facts["date"]``)."""
    markup = _decode(file.read())
    article = trafilatura.extract_with_metadata(markup, output_format="markdown", include_comments=False)
    text = (article.text or "") if article else ""
    writer.title = (article.title or None) if article else None
    if article and article.date:
        writer.facts["date"] = article.date
    if len(text) < _SHORT or not writer.title:
        page = HtmlText()
        page.feed(markup)
        page.close()
        writer.title = writer.title or page.title
        text = text if len(text) >= _SHORT else page.text()
    writer.add_lines(text.strip() + "\n")


def _decode(data: bytes) -> str:
    """The markup by its mark of UTF-8, by what it declares, or by what its bytes look like."""
    if data.startswith(_UTF8_MARK):
        return data[3:].decode("utf-8", "replace")
    declared = _CHARSET.search(data[:4096])
    if declared:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, ValueError):
            pass
    return decode_text(data)[0]
