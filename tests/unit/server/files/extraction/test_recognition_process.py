"""Pages of a scan are recognized one by one, within limits of number and time; one that is broken is passed over."""

from __future__ import annotations

import io
from typing import Any

import pytest
from made_files import WrittenPassages, pdf

from fathom.server.files.extraction import recognition_process
from fathom.server.files.extraction.passages import TextFullError
from fathom.server.files.extraction.recognized_lines import RecognizedLine

pytest.importorskip("PIL.Image")


def recognize(picture: Any) -> list[RecognizedLine]:
    return [RecognizedLine(0, 0, 9, 9, f"{picture.width}")]


def read(pages: list[int], recognize=recognize, writer: WrittenPassages | None = None) -> WrittenPassages:
    writer = writer or WrittenPassages()
    writer.facts["recognized"] = 0
    recognition_process._read_pages(io.BytesIO(pdf([None, None, None])), pages, recognize, writer)
    return writer


def test_only_the_named_pages():
    writer = read([1, 3])
    assert writer.passages == [({"page": 1}, "1500\n"), ({"page": 3}, "1500\n")]
    assert (writer.facts, writer.warnings) == ({"recognized": 2}, [])


def test_beyond_the_most_pages(monkeypatch):
    monkeypatch.setattr(recognition_process, "MAX_PAGES", 2)
    writer = read([1, 2, 3])
    assert writer.facts == {"recognized": 2}
    assert writer.warnings == ["only the first 2 of 3 scanned pages were read"]


def test_the_time_ends_between_two_pages():
    writer = WrittenPassages()

    def slow(picture: Any) -> list[RecognizedLine]:
        writer.deadline = 0.0
        return []

    with pytest.raises(TextFullError, match="only the first 1 of 3 scanned pages were read in the time that there is"):
        read([1, 2, 3], slow, writer)


def test_a_page_that_cannot_be_drawn(monkeypatch):
    from pypdfium2 import PdfiumError

    def render(page: Any) -> Any:
        raise PdfiumError("broken")

    monkeypatch.setattr(recognition_process, "_render", render)
    writer = read([1, 3])
    assert (writer.passages, writer.facts) == ([], {"recognized": 0})
    assert writer.warnings == ["pages that cannot be drawn were not read: 1, 3"]
