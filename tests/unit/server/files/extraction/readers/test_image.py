"""Pictures: sizes by their headers."""

from __future__ import annotations

import io
import struct

import pytest
from made_files import WrittenPassages, png

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.image import image_size, read

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 20, 30) + b"\x01\x01\x11\x00"
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 7, 5)
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + b"\x06\0\0\x04\0\0"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(3, 2), (3, 2)),
        (JPEG, (30, 20)),
        (b"GIF89a" + struct.pack("<HH", 4, 3), (4, 3)),
        (b"BM" + bytes(12) + b"\x28\0\0\0" + struct.pack("<ii", 9, -8), (9, 8)),
        (LOSSY, (7, 5)),
        (EXTENDED, (7, 5)),
        (png()[:17], None),
        (JPEG[:9], None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"BM and then some text that follows", None),
        (b"text", None),
    ],
)
def test_sizes(data, size):
    assert image_size(io.BytesIO(data)) == size


def test_the_size_is_a_fact_and_a_damaged_picture_an_error():
    writer = WrittenPassages()
    read(io.BytesIO(png(3, 2)), writer)
    assert writer.facts == {"width": 3, "height": 2}
    with pytest.raises(UnreadableFileError, match="damaged"):
        read(io.BytesIO(JPEG[:9]), writer)
