"""Files with the text of their pictures: what a reader finds, then what OCR recognizes in pictures and scanned pages.

OCR is an extra (`pip install "fathom-lm[ocr]"`: RapidOCR on ONNX Runtime, with its models). It needs numpy, more memory
and more time than any reader, so it runs in a process of its own with limits of its own, and only where there is a
picture; without it, or where it fails, the file is read as before and says what was not read.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.passages import page_list
from fathom.server.files.extraction.reader import ReadEnd, ReadingLimits, ReadPassage, read_file, run_reader

OCR_PACKAGES = ("rapidocr", "onnxruntime", "PIL")
OCR_LIMITS = ReadingLimits(wall_seconds=600.0, cpu_seconds=300, memory_bytes=3 * 2**30)
"""Recognizing takes 1 s for some lines and 20 s for a full page on one slow core; after 80 % of the processor time it
ends by itself, with the pages so far."""
INSTALL = 'pip install "fathom-lm[ocr]"'


def is_installed() -> bool:
    return all(find_spec(package) is not None for package in OCR_PACKAGES)


async def read_with_ocr(
    path: Path, name: str, limits: ReadingLimits = OCR_LIMITS
) -> AsyncIterator[ReadPassage | ReadEnd]:
    """As `read_file`, with the text of pictures and scanned pages, in the order of the pages, where OCR is installed.

    ``facts`` of the end count ``recognized_pages``, and ``picture_pages`` that were not read. ``limits`` are those of
    the recognition. Raises UnreadableFileError as `read_file` does; recognition alone fails with a warning.
    """
    paged: list[ReadPassage] = []  # kept until it is known whether scanned pages come between them
    end: ReadEnd | None = None
    async for item in read_file(path, name):
        if isinstance(item, ReadEnd):
            end = item
        elif "page" in item.place:
            paged.append(item)
        else:
            yield item
    assert end is not None  # the reader raises where it does not end
    if end.picture_pages or end.media_type.startswith("image/"):
        recognized = await _recognize(path, end, limits)
        paged = sorted([*paged, *recognized.passages], key=_page)  # stable
        end = replace(end, facts={**end.facts, **recognized.facts}, warnings=(*end.warnings, *recognized.warnings))
    for passage in paged:
        yield passage
    yield end


@dataclass
class _Recognized:
    passages: list[ReadPassage] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


async def _recognize(path: Path, end: ReadEnd, limits: ReadingLimits) -> _Recognized:
    result = _Recognized()
    wanted = end.picture_pages
    if not is_installed():
        result.warnings.append(_missing(end))
        result.facts["picture_pages"] = len(wanted) or 1
        return result
    done = 0
    try:
        settings = {"media_type": end.media_type, "pages": wanted}
        async for item in run_reader("recognition_process", path, settings, limits):
            if isinstance(item, ReadEnd):
                done = read if isinstance(read := item.facts.get("recognized"), int) else 0
                result.warnings += item.warnings
            else:
                result.passages.append(item)
    except UnreadableFileError as error:
        result.warnings.append(f"text in pictures was not recognized further: {error.message}; {error.remedy}")
        done = len({_page(passage) for passage in result.passages})
    if result.passages:
        pages = sorted({int(_page(passage)) for passage in result.passages if "page" in passage.place})
        where = f" of pages {page_list(pages)}" if pages else ""
        result.warnings.insert(0, f"the text{where} was recognized in pictures (OCR), and may hold errors")
        result.facts["recognized_pages"] = len(pages) or 1
    if done < (most := len(wanted) or 1):
        result.facts["picture_pages"] = most - done
    return result


def _missing(end: ReadEnd) -> str:
    if not end.picture_pages:
        return f"the text of pictures is read only with OCR, which is not installed: {INSTALL}"
    count, pages = len(end.picture_pages), end.picture_pages
    return (
        f"{count} of {end.facts.get('pages', count)} pages {'holds' if count == 1 else 'hold'} only pictures "
        f"({page_list(pages)}), whose text is read only with OCR, which is not installed: {INSTALL}"
    )


def _page(passage: ReadPassage) -> float:
    page = passage.place.get("page")
    return page if isinstance(page, int) else math.inf
