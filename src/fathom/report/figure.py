"""Drawings and tables with their captions, and legends."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.report.html import Child, Html, tag


def figure(drawn: Html, caption: Child, legend: Html | None = None) -> Html:
    """A drawing; what it shows stands below."""
    return tag("figure", drawn, legend, tag("figcaption", caption), class_="figure")


def table(drawn: Html, caption: Child) -> Html:
    """A table; what it shows stands above, as is the custom."""
    return tag("figure", tag("figcaption", caption), drawn, class_="table")


def legend(entries: Sequence[tuple[str, int]]) -> Html:
    """Lines of (name, color)."""
    return tag("ul", [tag("li", _line(color), name) for name, color in entries], class_="legend")


def _line(color: int) -> Html:
    path = tag("path", class_="curve", d="M0 6H16")
    return tag("svg", path, viewBox="0 0 16 12", class_=f"swatch line c{color % 8}", aria_hidden="true")
