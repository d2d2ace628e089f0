"""A picture as another server may have it: still, of a size that can be opened, and without what it tells of its maker.

Nothing is decoded. The parts of the file that draw are copied, all others are left out: place, time, camera and author
(EXIF, XMP, IPTC), previews, comments, animation, and what follows the end of the picture. How a photo is turned stays,
in an EXIF of nothing else.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from fathom.server.files.errors import UnreadableFileError
from fathom.types import Picture

MOST_PIXELS = 50_000_000
"""Of a picture: a header of a few bytes can claim four billions, which the program that opens it would have to hold."""

MOST_BYTES = 8 << 20
"""Of a picture as it is sent."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of a scan: within it, FF is followed by zero, a restart marker, or another FF."""
_SCAN, _END, _COMMENT, _JFIF, _EXIF, _ADOBE = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xEE
_ORIENTATION = 0x0112
_WEBP_PARTS = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH"})
_ANIMATED, _ALPHA = 0x02, 0x10


def plain_picture(data: bytes) -> Picture:
    """The picture in the bytes of a file. Raises UnreadableFileError for one that is damaged, of another format, beyond
    the limits, or animated where a still cannot be had."""
    try:
        if data.startswith(_PNG):
            picture = Picture("image/png", _PNG + b"".join(_png_parts(data)))
        elif data.startswith(b"\xff\xd8\xff"):
            picture = Picture("image/jpeg", b"\xff\xd8" + b"".join(_jpeg_parts(data)))
        elif data.startswith((b"GIF87a", b"GIF89a")):
            picture = Picture("image/gif", b"".join(_gif_parts(data)))
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            body = b"WEBP" + b"".join(_webp_parts(data))
            picture = Picture("image/webp", b"RIFF" + struct.pack("<I", len(body)) + body)
        else:
            raise UnreadableFileError("it is no PNG, JPEG, GIF or WebP", "save it as one of them")
    except (struct.error, IndexError):
        raise _damage_error() from None
    if len(picture.data) > MOST_BYTES:
        raise UnreadableFileError(f"it is larger than {MOST_BYTES >> 20} MB", "make it smaller")
    return picture


def _png_parts(data: bytes) -> Iterator[bytes]:
    position, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        part = data[position : position + 12 + length]
        if len(part) != 12 + length or (position == len(_PNG)) != (kind == b"IHDR"):
            raise _damage_error()
        if kind == b"IHDR":
            _check_size(*struct.unpack_from(">II", part, 8))
        if kind in _PNG_PARTS:
            yield part
        position += len(part)


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    position, seen = 2, False
    while True:
        while data[position] == 0xFF and data[position + 1] == 0xFF:
            position += 1  # fill bytes
        if data[position] != 0xFF:
            raise _damage_error()
        marker = data[position + 1]
        if marker == _END:
            if not seen:
                raise _damage_error()
            yield b"\xff\xd9"
            return
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        content = data[position + 4 : end]
        if end > len(data) or end < position + 4:
            raise _damage_error()
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">xHH", content)
            _check_size(width, height)
            seen = True
        if marker == _SCAN:
            last = _JPEG_MARKER.search(data, end)
            if last is None:
                raise _damage_error()
            end = last.start()
        if marker == _JFIF and content.startswith(b"JFIF\0"):
            yield _segment(_JFIF, content[:12] + b"\0\0")  # without its preview
        elif marker == _EXIF and content.startswith(b"Exif\0\0"):
            yield from _turn(content[6:])
        elif marker == _ADOBE or not (_JFIF <= marker <= 0xEF or marker == _COMMENT):
            yield data[position:end]
        position = end


def _turn(tiff: bytes) -> Iterator[bytes]:
    """An EXIF that says how the photo is turned, where ``tiff`` does."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    try:
        if order is None:
            return
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        entries = [struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * index) for index in range(count)]
    except struct.error:
        return
    turned = next((entry[3] for entry in entries if entry[:3] == (_ORIENTATION, 3, 1)), 1)
    if 1 < turned <= 8:
        entry = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, turned, 0, 0)
        yield _segment(_EXIF, b"Exif\0\0MM\0*\0\0\0\x08" + entry)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def _gif_parts(data: bytes) -> Iterator[bytes]:
    """The first picture of it."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    _check_size(width, height)
    position = 13 + _gif_colours(flags)
    yield data[:position]
    while True:
        start = position
        if data[position] == 0x21:
            position = _after_blocks(data, position + 2)
            if data[start + 1] == 0xF9:  # which colour is transparent
                yield data[start:position]
        elif data[position] == 0x2C:
            width, height, flags = struct.unpack_from("<HHB", data, position + 5)
            _check_size(width, height)
            yield data[start : _after_blocks(data, position + 11 + _gif_colours(flags))]
            yield b"\x3b"
            return
        else:
            raise _damage_error()


def _gif_colours(flags: int) -> int:
    """The bytes of a table of colours."""
    return 3 * 2 ** (1 + (flags & 7)) if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while length := data[position]:
        position += 1 + length
    return position + 1


def _webp_parts(data: bytes) -> Iterator[bytes]:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    position, seen = 12, False
    if end > len(data) + 1:
        raise _damage_error()
    while position + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, position)
        content = data[position + 8 : position + 8 + length]
        if len(content) != length:
            raise _damage_error()
        if kind == b"VP8X":
            if content[0] & _ANIMATED:
                raise UnreadableFileError("it is an animation", "attach a single picture of it")
            width, height = (1 + int.from_bytes(content[at : at + 3], "little") for at in (4, 7))
            _check_size(width, height)
            content = bytes((content[0] & _ALPHA,)) + content[1:]
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<xI", content)
            _check_size(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<6xHH", content)
            _check_size(width & 0x3FFF, height & 0x3FFF)
        if kind in _WEBP_PARTS:
            yield struct.pack("<4sI", kind, length) + content + b"\0" * (length % 2)
        seen = seen or kind in (b"VP8 ", b"VP8L")
        position += 8 + length + length % 2
    if not seen:
        raise _damage_error()


def _check_size(width: int, height: int) -> None:
    if not width or not height:
        raise _damage_error()
    if width * height > MOST_PIXELS:
        raise UnreadableFileError(
            f"it has {width} × {height} pixels, more than {MOST_PIXELS // 10**6} millions", "make it smaller"
        )


def _damage_error() -> UnreadableFileError:
    return UnreadableFileError("it is damaged or cut off", "save it again and attach the copy")
