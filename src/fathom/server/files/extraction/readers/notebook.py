"""Jupyter notebooks: cells in order, code in fences, with the text that they printed; pictures are counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter

MAX_OUTPUT = 4000
"""Characters of one output that are read."""


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add every cell, placed by its number. Raises UnreadableFileError where the file is no notebook."""
    try:
        book = json.loads(decode_text(file.read())[0])
        cells = book["cells"]
        language = str(book.get("metadata", {}).get("language_info", {}).get("name", "python"))
        writer.facts["cells"] = len(cells)
        for number, cell in enumerate(cells, 1):
            writer.add(_cell_text(cell, language, writer), cell=number)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(
            "the notebook is damaged and cannot be read", "save it again, or attach it as .txt"
        ) from error
    if pictures := writer.facts.get("pictures"):
        writer.warn(f"{pictures} pictures among the outputs were not read")


def _cell_text(cell: dict[str, Any], language: str, writer: PassageWriter) -> str:
    source = _join(cell.get("source", ""))
    if cell.get("cell_type") != "code":
        return source + "\n\n"
    printed = [text for output in cell.get("outputs", []) for text in _output_texts(output, writer) if text.strip()]
    blocks = [f"```{language}\n{source}\n```", *[f"Output:\n```\n{_shorten(text)}\n```" for text in printed]]
    return "\n".join(blocks) + "\n\n" if source.strip() or printed else ""


def _output_texts(output: dict[str, Any], writer: PassageWriter) -> Iterator[str]:
    kind, data = output.get("output_type"), output.get("data", {})
    if kind == "stream":
        yield _join(output.get("text", ""))
    elif kind == "error":
        yield f"{output.get('ename')}: {output.get('evalue')}"
    elif any(media_type.startswith("image/") for media_type in data):
        writer.facts["pictures"] = int(writer.facts.get("pictures", 0)) + 1
    elif "text/plain" in data:
        yield _join(data["text/plain"])


def _join(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _shorten(text: str) -> str:
    return text.strip("\n") if len(text) <= MAX_OUTPUT else text[:MAX_OUTPUT] + "\n…"
