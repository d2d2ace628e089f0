"""What a body is, by its type and its first bytes."""

import pytest

from fathom.server.web_search.documents import is_document, is_markup, is_readable


@pytest.mark.parametrize(
    ("media_type", "readable", "document"),
    [
        ("text/html", True, False),
        ("text/plain", True, False),
        ("application/pdf", True, True),
        ("application/octet-stream", True, True),
        ("application/vnd.oasis.opendocument.text", True, True),
        ("image/png", False, False),
        ("video/mp4", False, False),
        ("", False, False),
    ],
)
def test_types(media_type: str, readable: bool, document: bool) -> None:
    assert is_readable(media_type) is readable
    assert is_document(media_type) is document


def test_first_bytes_count_more_than_the_type() -> None:
    assert is_markup("text/html", b"<p>Hello")
    assert not is_markup("text/html", b"\n%PDF-1.7")
    assert is_markup("application/pdf", b"\xef\xbb\xbf\n<!DOCTYPE html>")
    assert not is_markup("application/pdf", b"%PDF-1.7 <html>")
    assert not is_markup("text/plain", b"<html>")
