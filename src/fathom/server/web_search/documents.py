"""What a fetched body is: a page of markup, a document that a program saved, or text.

Servers name documents by many media types, and often wrongly: as a stream of bytes, or as HTML. So a media type decides
only whether a body is fetched at all and how much of it; what it is, its first bytes say.
"""

from __future__ import annotations

_MARKUP = ("text/html", "application/xhtml+xml")
_TEXT = ("text/plain", "text/markdown", "text/x-markdown", "application/json")
_DOCUMENTS = (
    "application/pdf",
    "application/x-pdf",
    "application/msword",
    "application/rtf",
    "text/rtf",
    "text/csv",
    "text/tab-separated-values",
    "application/epub+zip",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-download",
    "application/force-download",
)
_FAMILIES = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
_STARTS = (b"%PDF-", b"PK\x03\x04", b"{\\rtf", b"\xd0\xcf\x11\xe0")
_MARKUP_STARTS = (b"<!doctype html", b"<html")
_HEAD = 1024


def is_readable(media_type: str) -> bool:
    """Whether bodies of this type are fetched."""
    return media_type in (*_MARKUP, *_TEXT) or is_document(media_type)


def is_document(media_type: str) -> bool:
    """Whether a body of this type is of use only whole, and may be larger than a page."""
    return media_type in _DOCUMENTS or media_type.startswith(_FAMILIES)


def is_markup(media_type: str, body: bytes) -> bool:
    """Whether a body is read as a web page: as its type says, unless it begins as something else does."""
    head = body[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if media_type in _MARKUP:
        return not head.startswith(_STARTS)
    return is_document(media_type) and head.lower().startswith(_MARKUP_STARTS)
