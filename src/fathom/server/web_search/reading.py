"""From a page as it was sent to its text: read as an uploaded file is, in a confined process."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.reader import ReadEnd, ReadingLimits, ReadPassage, read_file
from fathom.server.web_search.documents import is_document, is_markup
from fathom.server.web_search.errors import FetchError
from fathom.server.web_search.fetch import FetchedPage
from fathom.server.web_search.sections import Places, join_passages

LIMITS = ReadingLimits(wall_seconds=30.0, cpu_seconds=20, max_characters=400_000, output_bytes=8 * 2**20)
_UTF8_MARK = b"\xef\xbb\xbf"
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
"""Codecs of Python that no page is in; some take time that grows with the square of a text."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """The text of a page or document. ``date`` (ISO, a day) is when it says it was written or changed; ``places`` say
    where the pages, slides, sheets or chapters of a document begin.
    """

    url: str
    final_url: str
    title: str
    text: str
    date: str | None = None
    places: Places = ()


async def read_page(page: FetchedPage, limits: ReadingLimits = LIMITS) -> ReadPage:
    """The text of ``page``. Raises FetchError where it has none that can be had."""
    markup = is_markup(page.media_type, page.body)
    with tempfile.TemporaryDirectory(prefix="fathom-page-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "page"
        await asyncio.to_thread(path.write_bytes, _with_charset(page) if markup else page.body)
        passages: list[ReadPassage] = []
        end: ReadEnd | None = None
        try:
            async for item in read_file(path, _name(page), limits, web_page=markup):
                if isinstance(item, ReadPassage):
                    passages.append(item)
                else:
                    end = item
        except UnreadableFileError as error:
            raise FetchError(f"{page.final_url} cannot be read: {error.message}", "open another page") from None
    text, places = join_passages((passage.place, passage.text) for passage in passages)
    if not text:
        reason = "has no text without scripts" if markup else "has no text that can be read"
        raise FetchError(f"{page.final_url} {reason}", "open another page")
    title = (end.title if end else None) or _title(page, markup)
    date = end.facts.get("date") if end else None
    return ReadPage(page.url, page.final_url, title, text, date if isinstance(date, str) else None, places)


def _with_charset(page: FetchedPage) -> bytes:
    """The body in UTF-8 where the header names its charset, which counts more than what the page says of itself."""
    if page.charset is None or page.charset.lower().replace("-", "_") in _NO_CHARSETS:
        return page.body
    try:
        return _UTF8_MARK + page.body.decode(page.charset, "replace").encode("utf-8", "replace")
    except (LookupError, ValueError):
        return page.body


def _title(page: FetchedPage, markup: bool) -> str:
    """What a page without a title is called: its site; a document: its file's name."""
    host = urlsplit(page.final_url).hostname or page.final_url
    return host if markup or not is_document(page.media_type) else _name(page)


def _name(page: FetchedPage) -> str:
    return PurePosixPath(unquote(urlsplit(page.final_url).path)).name[-100:] or "page"
