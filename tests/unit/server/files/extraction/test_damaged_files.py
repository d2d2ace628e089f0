"""Files of every kind with damaged bytes: read as far as it goes, or refused by one documented error."""

from __future__ import annotations

import io
import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import docx, epub, open_document, paragraph, pdf, sheet_xml, word_table, xlsx_of_sheet

from fathom.server.files.extraction import reader_process

GIVEN = {"max_characters": 20_000, "cpu_seconds": 20}


def slides() -> bytes:
    pptx = pytest.importorskip("pptx")
    presentation, out = pptx.Presentation(), io.BytesIO()
    presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = "Plan"
    presentation.save(out)
    return out.getvalue()


KINDS = {
    "a.docx": lambda: docx(paragraph("Words") + word_table([["a", "b"], ["1", "2"]])),
    "a.xlsx": lambda: xlsx_of_sheet(sheet_xml('<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>')),
    "a.pptx": slides,
    "a.epub": lambda: epub({"a.xhtml": "<h1>One</h1><p>Text</p>"}),
    "a.odt": lambda: open_document("text", "<tex:p>Words</tex:p>"),
    "a.pdf": lambda: pdf(["Page one", "Page two"], title="Title"),
    "a.csv": lambda: 'a;b\n1;"two\nlines"\n'.encode("utf-16"),
    "a.rtf": lambda: rb"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}\f0 Words\par}",
    "a.ipynb": lambda: json.dumps({"cells": [{"cell_type": "markdown", "source": ["# One"]}], "nbformat": 4}).encode(),
    "a.html": lambda: b"<!doctype html><title>T</title><h1>One</h1><table><tr><td>1</td></tr></table>",
}


@cache
def valid(name: str) -> bytes:
    return KINDS[name]()


def read(name: str, data: bytes) -> dict:
    out = io.StringIO()
    end = reader_process._read(io.BytesIO(data), {**GIVEN, "name": name}, out)
    for line in out.getvalue().splitlines():
        assert set(json.loads(line)) == {"place", "text"}
    json.dumps(end)
    return end


@pytest.mark.parametrize("name", KINDS)
def test_the_files_are_whole_before(name):
    assert set(read(name, valid(name))) == {"end"}


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=25, database=None, derandomize=True)
@given(data=st.data())
def test_damage_ends_in_text_or_in_the_error(name, data):
    content = bytearray(valid(name))
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=12)):
        content[place] = byte
    cut = data.draw(st.one_of(st.none(), places))
    end = read(name, bytes(content[:cut]))
    if "error" in end:
        assert set(end["error"]) == {"message", "remedy", "detail"}
        assert end["error"]["message"]
        assert end["error"]["remedy"]
    else:
        assert set(end["end"]) == {"format", "media_type", "title", "facts", "warnings", "picture_pages"}
