"""PowerPoint: the text of each slide in reading order, its tables, and the speaker's notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import pptx
from pptx.exc import PackageNotFoundError, PythonPptxError

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.containers import open_archive, refuse_declarations
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.tables import markdown_table

_MAX_DEPTH = 20
_BROKEN = (PackageNotFoundError, PythonPptxError, KeyError, ValueError, AttributeError, IndexError, TypeError, OSError)


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add the text of every slide. Raises UnreadableFileError where the presentation is broken."""
    with open_archive(file) as archive:
        refuse_declarations(archive)
    file.seek(0)
    try:
        _read_slides(pptx.Presentation(file), writer)
    except (*_BROKEN, SyntaxError) as error:  # lxml's errors of syntax are SyntaxError
        raise UnreadableFileError(
            "the presentation is damaged and cannot be read", "save it again and attach the copy"
        ) from error


def _read_slides(presentation: Any, writer: PassageWriter) -> None:
    writer.title = (presentation.core_properties.title or "").strip()[:300] or None
    slides = list(presentation.slides)
    writer.facts["slides"] = len(slides)
    hidden, pictures = [], 0
    for number, slide in enumerate(slides, 1):
        shapes = list(_flatten(slide.shapes))
        pictures += sum(shape.shape_type == 13 for shape in shapes if _has_type(shape))
        blocks = [text for shape in _in_reading_order(shapes) if (text := _shape_text(shape).strip())]
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) and frame.text.strip():
            blocks.append(f"Notes: {frame.text.strip()}")
        if slide._element.get("show") == "0":
            hidden.append(str(number))
        writer.add("\n\n".join(blocks) + "\n", slide=number)
    if hidden:
        writer.warn(f"hidden slides were read too: {', '.join(hidden[:20])}")
    if pictures:
        writer.facts["pictures"] = pictures
        writer.warn(f"{pictures} pictures were not read")


def _flatten(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _MAX_DEPTH:
            yield from _flatten(shape.shapes, depth + 1)
        else:
            yield shape


def _in_reading_order(shapes: list[Any]) -> list[Any]:
    """Titles first, then by position from top to bottom; those within a quarter inch count as one row."""
    return sorted(shapes, key=lambda shape: (not _is_title(shape), (shape.top or 0) // 228_600, shape.left or 0))


def _is_title(shape: Any) -> bool:
    return bool(shape.is_placeholder and shape.placeholder_format.type in (1, 3))  # title, centered title


def _has_type(shape: Any) -> bool:
    try:
        return shape.shape_type is not None
    except NotImplementedError:
        return False


def _shape_text(shape: Any) -> str:
    if shape.has_text_frame:
        lines = [
            "  " * paragraph.level + paragraph.text.replace("\v", "\n") for paragraph in shape.text_frame.paragraphs
        ]
        text = "\n".join(lines).strip("\n")
        return f"## {text}" if _is_title(shape) and text.strip() else text
    if shape.has_table:
        return markdown_table([[cell.text for cell in row.cells] for row in shape.table.rows])
    if shape.has_chart:
        return _chart_text(shape.chart)
    return ""


def _chart_text(chart: Any) -> str:
    """The numbers of a chart as a table: categories down, series across."""
    plot = next(iter(chart.plots), None)
    if plot is None:
        return ""
    series = list(plot.series)
    rows = [["", *[str(one.name) for one in series]]]
    for index, category in enumerate(plot.categories):
        values = [list(one.values) for one in series]
        rows.append([str(category), *[str(value[index]) if index < len(value) else "" for value in values]])
    return markdown_table(rows)
