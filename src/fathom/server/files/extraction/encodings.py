"""Bytes to text, in whatever encoding they are.

A byte order mark decides; else UTF-16 where every other byte is often zero; else UTF-8 where the bytes are valid; else
the encoding that charset-normalizer finds most plausible, after the East Asian encodings, which it confuses in short
texts, were tried by the characters that they would give.
"""

from __future__ import annotations

import codecs
import re

from fathom.server.files.errors import UnreadableFileError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64 * 1024
_COMMON = re.compile(
    "[的一是不了在人有我他这中大来上国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心请问好"
    "這國來說們為時對過會個後裡學東車長請問사이다는을를가에의하고지은로도한서기어그리라습니스아니ぁ-んァ-ヶー"
    "、。，！？：；「」『』（）\u3000]"
)
"""Characters that are frequent in Chinese, Japanese and Korean, and rare among those that a wrong decoding gives."""
_WIDE = re.compile(r"[^\x00-\x7f]")
_LATIN = ["cp1252", "cp1250", "cp1254", "cp1257"]
_HIGH = re.compile(rb"[\x80-\xff]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def decode_text(data: bytes) -> tuple[str, str]:
    """The text and the encoding's name; line ends become ``\\n``. Raises UnreadableFileError for other bytes."""
    text, encoding = _decode(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    sample = text[:_SAMPLE]
    if len(_CONTROL.findall(sample)) > max(3, len(sample) // 200):
        raise UnreadableFileError(
            "this is neither text nor a format that can be read here",
            "attach PDF, Word, PowerPoint, Excel, OpenDocument, CSV, EPUB, HTML, RTF, text, code or a picture",
        )
    return text, encoding


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding
    wide = _wide_encoding(data[:_SAMPLE])
    if wide:
        return data.decode(wide, "replace"), wide
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start > 0.99 * len(data) and error.reason == "unexpected end of data":
            return data.decode("utf-8", "replace"), "utf-8"
    encoding = _guess(data[:_SAMPLE])
    return data.decode(encoding, "replace"), encoding


def _guess(sample: bytes) -> str:
    runs = _HIGH.findall(sample)
    is_latin = sum(len(run) == 1 for run in runs) > 0.7 * len(runs)  # letters with accents, between plain ones
    return _plausible(sample, _LATIN) if is_latin else _east_asian(sample) or _plausible(sample, None)


def _wide_encoding(sample: bytes) -> str | None:
    """UTF-16 without a mark: in most texts one byte of each pair is often zero."""
    pairs = len(sample) // 2
    if not pairs or b"\0" not in sample:
        return None
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if low > 0.2 * pairs and high < 0.05 * pairs:
        return "utf-16-le"
    return "utf-16-be" if high > 0.2 * pairs and low < 0.05 * pairs else None


def _east_asian(sample: bytes) -> str | None:
    """The East Asian encoding whose text has the largest share of characters frequent there, if over a quarter."""
    shares = {encoding: _share(sample, encoding) for encoding in ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr")}
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] > 0.25 else None


def _share(sample: bytes, encoding: str) -> float:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # the sample may end within a character
    except UnicodeDecodeError:
        return 0.0
    wide = len(_WIDE.findall(text))
    return len(_COMMON.findall(text)) / wide if wide else 0.0


def _plausible(sample: bytes, among: list[str] | None) -> str:
    try:
        from charset_normalizer import from_bytes  # noqa: PLC0415 (of the optional extra)
    except ImportError:
        return "cp1252"
    best = from_bytes(sample, cp_isolation=among).best()
    return best.encoding if best else "cp1252"
