"""Text of pictures and scans: by a recognizer that tells what it was shown, and by RapidOCR where it is installed."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from made_files import pdf, png

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction import recognition
from fathom.server.files.extraction.reader import ReadEnd, ReadingLimits, ReadPassage
from fathom.server.files.extraction.recognition import OCR_LIMITS, is_installed, read_with_ocr

RAPIDOCR = """
import os, socket, threading
from types import SimpleNamespace

class RapidOCR:
    def __init__(self, params):
        assert params["EngineConfig.onnxruntime.intra_op_num_threads"] == 1

    def __call__(self, array):
        height, width, _ = array.shape
        if width == 11:
            while True: pass
        if width == 13:
            bytearray(4 << 30)
        if width == 17:
            os._exit(3)
        if width == 19:
            return SimpleNamespace(txts=None, boxes=None)
        texts = [f"{width}x{height}", str(array[0, 0].tolist()), *map(denied, (passwd, socket.socket, thread))]
        boxes = [[(0, 30 * n), (9, 30 * n), (9, 30 * n + 20), (0, 30 * n + 20)] for n in range(len(texts))]
        return SimpleNamespace(txts=texts, boxes=boxes)

def passwd(): open("/etc/passwd").close()
def thread(): threading.Thread(target=print).start()
def denied(action):
    try:
        action()
    except (OSError, RuntimeError):
        return "denied"
    return "allowed"
"""
SEALED = "denied\ndenied\ndenied\n" if sys.platform.startswith("linux") else ""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the name rapidocr, for the process too, which takes our search path."""
    pytest.importorskip("PIL.Image")
    for name, source in (("rapidocr", RAPIDOCR), ("onnxruntime", "")):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))


async def read(data: bytes, tmp_path: Path, limits: ReadingLimits = OCR_LIMITS) -> tuple[list[ReadPassage], ReadEnd]:
    path = tmp_path / "file"
    path.write_bytes(data)
    items = [item async for item in read_with_ocr(path, "a", limits)]
    end = items.pop()
    assert isinstance(end, ReadEnd)
    return [item for item in items if isinstance(item, ReadPassage)], end


def saved(picture, format_: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, format_, **options)
    return out.getvalue()


@pytest.mark.usefixtures("fake")
async def test_a_picture_is_recognized_under_confinement(tmp_path):
    passages, end = await read(png(3, 2), tmp_path)
    assert [(item.place, item.text) for item in passages] == [({"line": 1}, f"3x2\n[128, 128, 128]\n{SEALED}")]
    assert (end.format, end.facts) == ("PNG", {"width": 3, "height": 2, "recognized_pages": 1})
    assert end.warnings == ("the text was recognized in pictures (OCR), and may hold errors",)


@pytest.mark.usefixtures("fake")
async def test_scanned_pages_come_between_the_others(tmp_path):
    passages, end = await read(pdf(["first", None, "third", None]), tmp_path)
    assert [item.place for item in passages] == [{"page": 1}, {"page": 2}, {"page": 3}, {"page": 4}]
    assert [item.text.split("\n")[0] for item in passages] == ["first", "1500x2000", "third", "1500x2000"]
    assert end.facts == {"pages": 4, "recognized_pages": 2}
    assert end.warnings == ("the text of pages 2, 4 was recognized in pictures (OCR), and may hold errors",)


@pytest.mark.usefixtures("fake")
async def test_what_a_picture_looks_like(tmp_path):
    image = pytest.importorskip("PIL.Image")
    turned = image.Exif()
    turned[0x0112] = 6  # lies on its side, as phones store it
    for data, shown in (
        (saved(image.new("RGBA", (5, 4), (0, 0, 0, 0)), "PNG"), "5x4\n[255, 255, 255]"),  # on white, not on black
        (saved(image.new("RGB", (5, 4), (255, 0, 0)), "BMP"), "5x4\n[0, 0, 255]"),  # blue, green, red
        (saved(image.new("RGB", (50, 40), "white"), "JPEG", exif=turned), "40x50\n[255, 255, 255]"),
        (saved(image.new("CMYK", (8, 8)), "JPEG"), "8x8\n[25"),
        (saved(image.new("1", (6000, 3000), 1), "PNG"), "2000x1000\n[255, 255, 255]"),
        (saved(image.new("P", (6, 5)), "GIF"), "6x5\n[0, 0, 0]"),
        (saved(image.new("RGB", (6, 5), "white"), "WEBP", lossless=True), "6x5\n[255, 255, 255]"),
    ):
        passages, _ = await read(data, tmp_path)
        assert passages[0].text.startswith(shown)


@pytest.mark.usefixtures("fake")
async def test_text_needs_no_recognition(tmp_path, monkeypatch):
    monkeypatch.setattr(recognition, "run_reader", None)  # would be called
    assert (await read(b"plain", tmp_path))[0] == [ReadPassage({"line": 1}, "plain")]
    assert (await read(pdf(["a", ""]), tmp_path))[0] == [ReadPassage({"page": 1}, "a\n")]


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (png(11, 2), "more than 2 seconds of processor time"),
        (png(13, 2), "more memory than it may"),
        (png(17, 2), "broke its reader"),
        (png(3, 2)[:40], "the picture or page is damaged"),
        (png(9000, 9000), "81 million pixels, and 60 are read at most; attach a smaller copy"),
    ],
)
async def test_what_cannot_be_recognized_is_a_warning(tmp_path, data, warning):
    passages, end = await read(data, tmp_path, replace(OCR_LIMITS, cpu_seconds=2))
    assert passages == []
    assert end.facts["picture_pages"] == 1
    assert len(end.warnings) == 1
    assert warning in end.warnings[0]


@pytest.mark.usefixtures("fake")
async def test_a_picture_without_text_was_read(tmp_path):
    passages, end = await read(png(19, 2), tmp_path)
    assert (passages, end.facts, end.warnings) == ([], {"width": 19, "height": 2}, ())


async def test_pages_before_the_end_of_the_process_are_kept(tmp_path, monkeypatch):
    async def run_reader(*_: object) -> AsyncIterator[ReadPassage | ReadEnd]:
        yield ReadPassage({"page": 1}, "one\n")
        raise UnreadableFileError("it takes too long", "attach a part of it")

    monkeypatch.setattr(recognition, "run_reader", run_reader)
    monkeypatch.setattr(recognition, "is_installed", lambda: True)
    passages, end = await read(pdf([None, None]), tmp_path)
    assert passages == [ReadPassage({"page": 1}, "one\n")]
    assert end.facts == {"pages": 2, "recognized_pages": 1, "picture_pages": 1}
    assert end.warnings[1] == "text in pictures was not recognized further: it takes too long; attach a part of it"


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        (png(), "the text of pictures is read only with OCR, which is not installed: "),
        (pdf(["a", None]), "1 of 2 pages holds only pictures (2), whose text is read only with OCR, which is not "),
        (pdf([None] * 12), "12 of 12 pages hold only pictures (1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …), whose text is read"),
    ],
)
async def test_without_the_extra_one_sentence_says_how_to_get_it(tmp_path, monkeypatch, data, warning):
    monkeypatch.setattr(recognition, "is_installed", lambda: False)
    _, end = await read(data, tmp_path)
    assert len(end.warnings) == 1
    assert end.warnings[0].startswith(warning)
    assert end.warnings[0].endswith('pip install "fathom-lm[ocr]"')
    assert end.facts["picture_pages"] > 0


def drawn(lines: Iterable[str]):
    """A picture of text, as a scanner or a screen makes it."""
    image, draw = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageDraw")
    picture = image.new("RGB", (1000, 400), "white")
    font = pytest.importorskip("PIL.ImageFont").load_default(40)
    for number, line in enumerate(lines):
        draw.Draw(picture).text((40, 40 + 100 * number), line, fill="black", font=font)
    return picture


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="rapidocr is not installed")
async def test_rapidocr_reads_a_picture_and_a_scan(tmp_path):
    lines = ["The lake is 12 metres deep.", "Total 1,204.50 EUR"]
    for format_, place in (("PNG", {"line": 1}), ("PDF", {"page": 1})):
        passages, end = await read(saved(drawn(lines), format_), tmp_path)
        assert passages[0].place == place
        assert [line for line in passages[0].text.splitlines() if line] == lines
        assert end.facts["recognized_pages"] == 1
