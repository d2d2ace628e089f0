"""Pictures: their format and size. What else a picture file holds about place, time and camera is never read.

Their text is recognized in a process of its own (`recognition`). Models that see are sent the picture itself
(`fathom.server.files.pictures`).
"""

from __future__ import annotations

import struct
from typing import IO

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.passages import PassageWriter

_PNG, _GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_BITMAP_HEADERS = (40, 52, 56, 64, 108, 124)  # their lengths, which no text has in this place
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # JPEG's start of frame


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Note the size in ``facts``. Raises UnreadableFileError where the picture is damaged."""
    size = image_size(file)
    if size is None or not all(size):
        raise UnreadableFileError("the picture is damaged or cut off", "save it again and attach the copy")
    writer.facts["width"], writer.facts["height"] = size


def image_size(file: IO[bytes]) -> tuple[int, int] | None:
    """Width and height in pixels by the file's header; None where it has none."""
    head = file.read(64)
    try:
        if head.startswith(_PNG):
            return struct.unpack(">II", head[16:24])
        if head.startswith(_GIF):
            return struct.unpack("<HH", head[6:10])
        if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
            width, height = struct.unpack("<ii", head[18:26])
            return width, abs(height)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp_size(head)
        if head[:3] == b"\xff\xd8\xff":
            file.seek(2)
            return _jpeg_size(file)
    except struct.error:
        return None
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(file: IO[bytes]) -> tuple[int, int] | None:
    while len(head := file.read(4)) == 4:
        marker, length = head[1], int.from_bytes(head[2:], "big")
        if head[0] != 0xFF or length < 2:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
    return None
