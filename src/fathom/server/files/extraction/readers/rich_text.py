"""RTF: its text with paragraphs, cells and characters of any code page; pictures and other objects are left out."""

from __future__ import annotations

import codecs
import re
from typing import IO

from fathom.server.files.extraction.passages import PassageWriter

_TOKEN = re.compile(rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.I)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header footer headerl headerr headerf footerl footerr footerf "
    b"themedata colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator filetbl "
    b"revtbl xmlnstbl fldinst bkmkstart bkmkend".split()
)
_WORDS = {
    b"par": "\n\n", b"line": "\n", b"tab": "\t", b"cell": " | ", b"row": "\n", b"page": "\n\n", b"sect": "\n\n",
    b"emdash": "—", b"endash": "–", b"bullet": "• ", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "-", b"-": "", b"\\": "\\", b"{": "{", b"}": "}", b"\n": "\n\n", b"\r": "\n\n"}
_CHARSETS = {128: "cp932", 129: "cp949", 134: "gbk", 136: "big5", 161: "cp1253", 162: "cp1254", 177: "cp1255",
             178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text, placed by its lines."""
    writer.add_lines(rtf_text(file.read()))


def rtf_text(data: bytes) -> str:
    """The text of an RTF document."""
    parser = _RichText()
    for match in _TOKEN.finditer(data):
        parser.take(match)
    text = parser.text()
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"


class _RichText:
    """State: whether the current group is skipped, the code page, and how many characters follow a Unicode one."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._bytes = bytearray()
        self._stack: list[tuple[bool, int, str]] = []
        self._skipped, self._fallback, self._encoding = False, 1, "cp1252"
        self._font_encodings: dict[int, str] = {}
        self._font, self._pending, self._in_fonts = 0, 0, False

    def text(self) -> str:
        self._flush()
        return "".join(self._out)

    def take(self, match: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, plain = match.groups()
        if brace:
            self._group(brace)
        elif word:
            self._word(word, int(number) if number else None)
        elif code:
            self._byte(bytes.fromhex(code.decode("ascii")))
        elif symbol == b"*":
            self._skipped = True
        elif symbol:
            self._add(_SYMBOLS.get(symbol, ""))
        elif plain:
            used = min(self._pending, len(plain))
            self._pending -= used
            self._byte(plain[used:])

    def _group(self, brace: bytes) -> None:
        self._flush()
        self._pending = 0
        if brace == b"{":
            self._stack.append((self._skipped, self._fallback, self._encoding))
        elif self._stack:
            self._skipped, self._fallback, self._encoding = self._stack.pop()

    def _word(self, word: bytes, number: int | None) -> None:
        if word in _SKIPPED:
            self._skipped = True
        elif word == b"ansicpg" and number:
            self._encoding = _code_page(f"cp{number}")
        elif word == b"f" and number is not None:
            self._flush()
            self._font = number
            self._encoding = self._font_encodings.get(number, self._encoding)
        elif word == b"fcharset" and number in _CHARSETS:
            self._font_encodings[self._font] = _CHARSETS[number]
        elif word == b"uc" and number is not None:
            self._fallback = max(0, number)
        elif word == b"u" and number is not None:
            self._add(_character(number))
            self._pending = self._fallback
        elif word in _WORDS:
            self._add(_WORDS[word])

    def _byte(self, data: bytes) -> None:
        if self._pending and len(data) == 1:
            self._pending -= 1
        elif not self._skipped:
            self._bytes += data

    def _add(self, text: str) -> None:
        self._flush()
        if not self._skipped:
            self._out.append(text)

    def _flush(self) -> None:
        if self._bytes:
            self._out.append(self._bytes.decode(self._encoding, "replace"))
            self._bytes.clear()


def _character(number: int) -> str:
    """The character of ``\\u``, a signed 16-bit number; halves of pairs are joined when the text is encoded."""
    number &= 0xFFFF
    return chr(number)


def _code_page(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return "cp1252"
