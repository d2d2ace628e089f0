"""Lines of text that were recognized in a picture, and the text that they make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecognizedLine:
    """A line with its box, in pixels from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


def join_lines(lines: Sequence[RecognizedLine]) -> str:
    """The text from top to bottom: boxes side by side are one line, a gap of more than a line is an empty one.

    Columns are not separated: lines at the same height are joined, as a table needs it.
    """
    rows: list[list[RecognizedLine]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and abs(line.middle - rows[-1][0].middle) < min(line.height, rows[-1][0].height) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    text, bottom = "", 0.0
    for row in rows:
        if text and row[0].top - bottom > row[0].height:
            text += "\n"
        text += "  ".join(line.text for line in sorted(row, key=lambda line: line.left)) + "\n"
        bottom = max(line.bottom for line in row)
    return text
