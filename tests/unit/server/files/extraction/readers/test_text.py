"""Text as it is, by lines."""

from __future__ import annotations

import io

from made_files import WrittenPassages

from fathom.server.files.extraction.readers.text import read


def test_text_is_kept_and_its_encoding_noted():
    writer = WrittenPassages()
    read(io.BytesIO("请注意，今天的会议改到三点。\r\n  x\n".encode("gbk")), writer)
    assert writer.text == "请注意，今天的会议改到三点。\n  x\n"
    assert writer.facts == {"encoding": "gb18030"}


def test_characters_that_cannot_be_read_are_mentioned():
    writer = WrittenPassages()
    read(io.BytesIO("\ufeffa".encode("utf-16-le") + b"x"), writer)
    assert writer.warnings == ["some characters cannot be read in the encoding utf-16-le"]
