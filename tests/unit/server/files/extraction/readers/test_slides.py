"""PowerPoint: slides in order, titles first, notes, tables, charts."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages, png, zip_of

from fathom.server.files.errors import UnreadableFileError

pptx = pytest.importorskip("pptx")

from pptx.chart.data import CategoryChartData  # noqa: E402
from pptx.enum.chart import XL_CHART_TYPE  # noqa: E402
from pptx.util import Inches  # noqa: E402

from fathom.server.files.extraction.readers.slides import read  # noqa: E402


def read_slides(presentation: object) -> WrittenPassages:
    data = io.BytesIO()
    presentation.save(data)  # type: ignore[attr-defined]
    writer = WrittenPassages()
    read(data, writer)
    return writer


def test_a_slide_with_everything():
    presentation = pptx.Presentation()
    presentation.core_properties.title = "Year"
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.placeholders[1].text = "first\nsecond"
    table = slide.shapes.add_table(2, 2, 0, Inches(5), Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(1, 1).text = "a", "d"
    slide.shapes.add_picture(io.BytesIO(png()), 0, Inches(6))
    slide.notes_slide.notes_text_frame.text = "say hello"
    writer = read_slides(presentation)
    text = "## Plan\n\nfirst\nsecond\n\n| a |  |\n| --- | --- |\n|  | d |\n\nNotes: say hello\n"
    assert writer.passages == [({"slide": 1}, text)]
    assert (writer.title, writer.facts) == ("Year", {"slides": 1, "pictures": 1})
    assert writer.warnings == ["1 pictures were not read"]


def test_the_numbers_of_a_chart():
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["2025", "2026"]
    data.add_series("sales", (1.5, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data)
    assert "| 2025 | 1.5 |" in read_slides(presentation).text


def test_hidden_slides_are_named():
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "hidden"
    slide._element.set("show", "0")
    assert read_slides(presentation).warnings == ["hidden slides were read too: 1"]


def test_a_damaged_one():
    with pytest.raises(UnreadableFileError, match="damaged"):
        read(io.BytesIO(zip_of({"[Content_Types].xml": "<a/>"})), WrittenPassages())
