"""What of a picture leaves this machine, and what is refused without being opened."""

from __future__ import annotations

import contextlib
import struct
import zlib

import pytest
from made_files import png

from fathom.server.files import plain_picture as module
from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.plain_picture import plain_picture

SECRET = b"52.5200 N 13.4050 E, Jane Doe"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(data)) + data


def exif(turned: int, order: str = ">") -> bytes:
    tiff = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(f"{order}IH", 8, 2)
    tiff += struct.pack(f"{order}HHII", 0x8298, 2, len(SECRET), 38)
    tiff += struct.pack(f"{order}HHIHHI", 0x0112, 3, 1, turned, 0, 0)
    return segment(0xE1, b"Exif\0\0" + tiff + SECRET)


FRAME = segment(0xC0, b"\x08" + struct.pack(">HHB", 2, 3, 1) + b"\x01\x11\0")
SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0\x56"
TABLES = segment(0xDB, bytes(65))


def jpeg(*extra: bytes, frame: bytes = FRAME, scan: bytes = SCAN) -> bytes:
    return b"\xff\xd8" + b"".join(extra) + TABLES + frame + scan + TABLES + scan + b"\xff\xd9"


def webp(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in parts
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


LOSSLESS = (b"VP8L", b"\x2f" + struct.pack("<I", 2 | 1 << 14) + b"\0\0")


def extended(flags: int, width: int = 3, height: int = 2) -> tuple[bytes, bytes]:
    return b"VP8X", bytes((flags, 0, 0, 0)) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


GIF_FRAME = b"\x2c" + struct.pack("<HHHHB", 0, 0, 3, 2, 0) + b"\x02\x02\x4c\x01\0"
CONTROL = b"\x21\xf9\x04\x01\0\0\0\0"


def gif(*blocks: bytes, width: int = 3, height: int = 2) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"".join(blocks) + b"\x3b"


def test_a_png_keeps_what_draws():
    data = png()
    extra = chunk(b"tEXt", SECRET) + chunk(b"eXIf", SECRET) + chunk(b"iCCP", SECRET) + chunk(b"acTL", SECRET)
    picture = plain_picture(data[:33] + extra + data[33:] + SECRET)
    assert (picture.media_type, picture.data) == ("image/png", data)


@pytest.mark.parametrize("order", [">", "<"])
def test_a_jpeg_keeps_what_draws_and_how_it_is_turned(order: str):
    jfif = b"JFIF\0\x01\x01\0\0\x01\0\x01"
    extra = (
        segment(0xE0, jfif + b"\x02\x02" + SECRET),
        exif(6, order),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        segment(0xED, SECRET),
        segment(0xFE, SECRET),
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\x01"),
    )
    picture = plain_picture(jpeg(*extra) + SECRET)
    turned = segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
    assert picture.media_type == "image/jpeg"
    assert picture.data == jpeg(segment(0xE0, jfif + b"\0\0"), turned, extra[-1])


@pytest.mark.parametrize(
    "odd",
    [
        exif(1),
        exif(9),
        segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"),
    ],
)
def test_an_exif_that_says_nothing_is_left_out(odd: bytes):
    assert plain_picture(jpeg(odd)).data == jpeg()


def test_a_webp_keeps_what_draws():
    told = webp(extended(0x3C), (b"ICCP", SECRET), LOSSLESS, (b"EXIF", SECRET), (b"XMP ", SECRET))
    picture = plain_picture(told + SECRET)
    assert (picture.media_type, picture.data) == ("image/webp", webp(extended(0x10), LOSSLESS))
    assert plain_picture(webp((b"VP8 ", b"\0\0\0\x9d\x01\x2a\x03\0\x02\0\0"))).media_type == "image/webp"


def test_a_gif_keeps_its_first_picture():
    told = gif(b"\x21\xfe\x1d" + SECRET + b"\0", CONTROL, GIF_FRAME, CONTROL, GIF_FRAME)
    picture = plain_picture(told)
    assert (picture.media_type, picture.data) == ("image/gif", gif(CONTROL, GIF_FRAME))


@pytest.mark.parametrize(
    "bomb",
    [
        header(65500, 65500) + chunk(b"IDAT", b"x") + chunk(b"IEND", b""),
        jpeg(frame=segment(0xC2, b"\x08\xff\xff\xff\xff\x01\x01\x11\0")),
        webp(extended(0, 2**24, 2**24), LOSSLESS),
        webp(extended(0), (b"VP8L", b"\x2f\xff\xff\xff\x0f\0")),
        webp((b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\xff\xff\xff")),
        gif(GIF_FRAME, width=60000, height=60000),
        gif(GIF_FRAME[:5] + b"\xff\xff\xff\xff" + GIF_FRAME[9:]),
    ],
    ids=lambda data: str(data[:12]),
)
def test_a_picture_that_claims_billions_of_pixels_is_refused(bomb: bytes):
    with pytest.raises(UnreadableFileError, match="pixels, more than 50 millions"):
        plain_picture(bomb)


@pytest.mark.parametrize("whole", [png(), jpeg(exif(6)), webp(extended(0), LOSSLESS), gif(CONTROL, GIF_FRAME)])
def test_what_is_cut_off_or_damaged_is_refused_or_still_plain(whole: bytes):
    for end in range(len(whole) - 2):
        with pytest.raises(UnreadableFileError):
            plain_picture(whole[:end])
    for at in range(len(whole)):
        for value in (0x00, 0x7F, 0xFF):
            with contextlib.suppress(UnreadableFileError):
                plain_picture(whole[:at] + bytes((value,)) + whole[at + 1 :])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"BM" + bytes(60), "no PNG, JPEG, GIF or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no PNG"),
        (header(0, 5), "damaged"),
        (header(2, 2) + chunk(b"IHDR", bytes(13)), "damaged"),
        (b"\xff\xd8\xff\xd9", "damaged"),
        (webp(extended(0)), "damaged"),
        (webp(extended(2), LOSSLESS), "an animation"),
    ],
)
def test_what_else_is_refused(data: bytes, why: str):
    with pytest.raises(UnreadableFileError, match=why):
        plain_picture(data)


def test_a_limit_of_bytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_BYTES", 20)
    with pytest.raises(UnreadableFileError, match="larger than"):
        plain_picture(png())
