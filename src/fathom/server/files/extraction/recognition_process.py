"""The process that recognizes the text of one picture, or of the scanned pages of one PDF (OCR).

It confines itself as the process of the readers does, before it imports anything that sees the file, and writes the
same lines. The filter forbids threads, so everything runs on one.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from typing import IO, Any

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.passages import PassageWriter, TextFullError, page_list
from fathom.server.files.extraction.reader_process import SOFT, confine, error_line
from fathom.server.files.extraction.recognized_lines import RecognizedLine, join_lines

MAX_PIXELS = 60_000_000
"""Of a picture file; decoded, each takes 4 bytes."""
MAX_SIDE = 2000
"""Pixels to which a picture or page is scaled down: RapidOCR's own limit."""
MAX_PAGES = 200
_DPI = 200
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")

Recognize = Callable[[Any], list[RecognizedLine]]
"""Lines of a picture, an `Image` of Pillow in RGB."""


def main(settings: str) -> None:
    """Read standard input as ``settings`` (JSON: limits, readable folders, ``media_type``, ``pages``) say."""
    given: dict[str, Any] = json.loads(settings)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no line of ours
    confine(given)

    def emit(place: Any, text: str) -> None:
        out.write(json.dumps({"place": dict(place), "text": text}) + "\n")
        out.flush()  # a later page may break this process

    writer = PassageWriter(emit, given["max_characters"], deadline=SOFT * given["cpu_seconds"])
    with open(0, "rb", closefd=False) as file:
        end = _end(file, given, writer)
    out.write(json.dumps(end) + "\n")
    out.flush()


def _end(file: IO[bytes], given: dict[str, Any], writer: PassageWriter) -> dict[str, Any]:
    """The last line: how it ended."""
    writer.facts["recognized"] = 0
    try:
        recognize = _load_recognizer()
        if given["pages"]:
            _read_pages(file, given["pages"], recognize, writer)
        else:
            writer.add_lines(join_lines(recognize(_open_picture(file))))
            writer.facts["recognized"] = 1
    except TextFullError as full:
        writer.warn(str(full))
    except UnreadableFileError as error:
        return error_line(error.message, error.remedy)
    except ImportError as error:
        return error_line(f"the package {error.name} cannot be imported", 'pip install "fathom-lm[ocr]"')
    except MemoryError:
        return error_line("recognizing it takes more memory than it may", "attach it in a lower resolution")
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"[:500]
        return error_line("the picture or page is damaged", "save it again and attach the copy", detail)
    kind = given["media_type"]
    return {"end": {"format": "OCR", "media_type": kind, "facts": writer.facts, "warnings": writer.warnings}}


def _read_pages(file: IO[bytes], pages: list[int], recognize: Recognize, writer: PassageWriter) -> None:
    """Add the text of these pages of a PDF; ``facts`` count those that were read."""
    pdf = importlib.import_module("fathom.server.files.extraction.readers.pdf")
    document, broken = pdf.open_document(file), []
    try:
        for number in pages[:MAX_PAGES]:
            _check_time(writer, len(pages))
            try:
                picture = _render(document[number - 1])
            except pdf.PdfiumError:
                broken.append(number)
                continue
            writer.add(join_lines(recognize(picture)), page=number)
            writer.facts["recognized"] += 1
    finally:
        document.close()
    if broken:
        writer.warn(f"pages that cannot be drawn were not read: {page_list(broken)}")
    if len(pages) > MAX_PAGES:
        writer.warn(f"only the first {MAX_PAGES} of {len(pages)} scanned pages were read")


def _check_time(writer: PassageWriter, pages: int) -> None:
    try:
        writer.check_time()
    except TextFullError:
        raise TextFullError(
            f"only the first {writer.facts['recognized']} of {pages} scanned pages were read in the time that there is"
        ) from None


def _render(page: Any) -> Any:
    scale = min(_DPI / 72, MAX_SIDE / max(*page.get_size(), 1.0))
    picture = page.render(scale=scale).to_pil().convert("RGB")
    page.close()
    return picture


def _open_picture(file: IO[bytes]) -> Any:
    """The first image of a file in RGB on white, turned upright and scaled down. Raises UnreadableFileError."""
    image_module: Any = importlib.import_module("PIL.Image")
    operations = importlib.import_module("PIL.ImageOps")
    image_module.MAX_IMAGE_PIXELS = None  # checked here
    picture = image_module.open(file, formats=_FORMATS)
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise UnreadableFileError(
            f"the picture has {width * height / 1e6:,.0f} million pixels, and {MAX_PIXELS // 10**6} are read at most",
            "attach a smaller copy",
        )
    picture.draft("RGB", (MAX_SIDE, MAX_SIDE))  # JPEG decodes at a fraction of its size
    picture = operations.exif_transpose(picture)
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = image_module.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        picture = paper
    return picture.convert("RGB")


def _load_recognizer() -> Recognize:
    """RapidOCR with the models of its package, on this thread alone."""
    numpy = importlib.import_module("numpy")
    engine = importlib.import_module("rapidocr").RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def recognize(picture: Any) -> list[RecognizedLine]:
        output = engine(numpy.asarray(picture)[:, :, ::-1])  # BGR, as OpenCV has it
        if output.txts is None or output.boxes is None:
            return []
        lines = []
        for text, corners in zip(output.txts, output.boxes, strict=True):
            across, down = [float(x) for x, _ in corners], [float(y) for _, y in corners]
            lines.append(RecognizedLine(min(across), min(down), max(across), max(down), text))
        return lines

    return recognize
