"""Text, source code, Markdown, JSON, logs: the text as it is, placed by lines."""

from __future__ import annotations

from typing import IO

from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text. Raises UnreadableFileError for bytes that are none."""
    text, encoding = decode_text(file.read())
    if encoding != "utf-8":
        writer.facts["encoding"] = encoding
    if "\ufffd" in text:
        writer.warn(f"some characters cannot be read in the encoding {encoding}")
    writer.add_lines(text)
