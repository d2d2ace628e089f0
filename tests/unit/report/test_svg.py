"""The renderer: classes instead of colors."""

from __future__ import annotations

from matplotlib.figure import Figure

from fathom.report.svg import render


def drawn(**lines: str) -> str:
    figure = Figure(figsize=(1, 1), dpi=72)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 72), ylim=(0, 72), xticks=[], yticks=[])
    axes.plot([0, 72], [0, 36], gid="curve c1")
    axes.plot([10, 20], [30, 40], "o", linestyle="None", gid="c2")
    axes.text(36, 36, "<b>$x_{</b>\x1b", gid="row", ha="center")
    return render(figure, 72, 72)


def test_an_artist_is_an_element_with_its_gid_as_class() -> None:
    written = drawn()
    assert '<path class="curve c1" d="M0 72L72 36"/>' in written
    assert '<path class="c2 mark" d="M10 42h0M20 32h0"/>' in written
    assert '<text class="row" x="36" y="36" text-anchor="middle">&lt;b&gt;$x_{&lt;/b&gt;␛</text>' in written


def test_what_has_no_class_is_not_drawn_and_nothing_has_a_color() -> None:
    written = drawn()
    assert written.count("<path") == 2
    assert not {"style", "fill", "stroke", "id="} & set(written.replace('"', " ").split())
