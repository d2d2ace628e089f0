"""RTF: text of any code page."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages

from fathom.server.files.extraction.readers.rich_text import read, rtf_text


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 {\b bold}\par second \{x\}\par}", "Café bold\n\nsecond {x}\n"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}\f0 text}", "text\n"),
        (rb"{\rtf1\uc1\u8364? \u-4051\'5f!}", "€ \uf02d!\n"),
        (rb"{\rtf1{\*\generator x;}{\pict 00ff}a\tab b}", "a\tb\n"),
        (rb"{\rtf1{\fonttbl{\f1\fcharset134 SimSun;}}\f1 \'d6\'d0\'ce\'c4}", "中文\n"),
        (rb"{\rtf1 unclosed {group", "unclosed group\n"),
        (b"}}}}", "\n"),
    ],
)
def test_rtf(rtf, text):
    assert rtf_text(rtf) == text


def test_lines_are_places():
    writer = WrittenPassages()
    read(io.BytesIO(rb"{\rtf1 a}"), writer)
    assert writer.passages == [({"line": 1}, "a\n")]
