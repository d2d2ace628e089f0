"""Bytes to text: marks, UTF-8, UTF-16 and the encodings of half the world."""

from __future__ import annotations

import pytest

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.encodings import decode_text

CHINESE = "请注意，今天的会议改到三点。"
JAPANESE = "今日の会議は三時に変更されました。"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain", "ascii"),
        ("naïve — 日本語", "utf-8"),
        ("naïve — 日本語", "utf-8-sig"),
        ("naïve — 日本語", "utf-16"),
        ("naïve text, long enough to tell", "utf-16-le"),
        ("naïve text, long enough to tell", "utf-16-be"),
        ("naïve — 日本語", "utf-32"),
        (CHINESE, "gbk"),
        ("請注意，今天的會議改到三點。", "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        ("오늘 회의는 세 시로 바뀌었습니다.", "euc_kr"),
        ("Die Besprechung wurde auf drei Uhr verlegt, für alle Gäste.", "latin-1"),
        ("name;age\nÄnne;31\n", "latin-1"),
        ("Сегодняшняя встреча перенесена на три часа.", "cp1251"),
    ],
)
def test_text_in_an_encoding(text, encoding):
    assert decode_text(text.encode(encoding))[0] == text


def test_line_ends_become_one():
    assert decode_text(b"a\r\nb\rc\n") == ("a\nb\nc\n", "utf-8")


def test_a_character_that_is_cut_off_at_the_end_does_not_change_the_encoding():
    data = (CHINESE * 50).encode()[:-1]
    text, encoding = decode_text(data)
    assert encoding == "utf-8"
    assert text.startswith(CHINESE)


@pytest.mark.parametrize("data", [bytes(range(256)) * 4, b"\x00\x01\x02\x03\x04\x05" * 40])
def test_bytes_that_are_no_text(data):
    with pytest.raises(UnreadableFileError, match="neither text nor a format"):
        decode_text(data)
