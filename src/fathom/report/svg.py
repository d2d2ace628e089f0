"""A matplotlib renderer that writes SVG elements for a page: the style sheet colors them, in light and dark.

An artist's gid is the CSS class of what it draws; what has no class (patches, unused spines) is not drawn, grid lines
and tick labels have their own. Text is not measured, so no font is needed. Markers are line ends: a path of length 0
whose cap the style sheet makes a dot or a square.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from fathom.report.records import visible

_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


class PageRenderer(RendererBase):
    """Collects ``elements``; a point is a unit of the drawing, whose size is ``width`` × ``height``."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.elements: list[Markup] = []
        self._groups: list[tuple[str, str | None]] = []
        self._flip = Affine2D().scale(1, -1).translate(0, height)

    def open_group(self, s: str, gid: str | None = None) -> None:
        self._groups.append((s, gid))

    def close_group(self, s: str) -> None:
        self._groups.pop()

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: object = None) -> None:
        segments = path.iter_segments(transform + self._flip, simplify=path.should_simplify)
        self._add("".join(_COMMANDS[code] + " ".join(map(_coordinate, values)) for values, code in segments))

    def draw_markers(
        self, gc: Any, marker_path: Any, marker_trans: Any, path: Path, trans: Any, rgbFace: Any = None
    ) -> None:
        points = (trans + self._flip).transform(path.vertices)
        self._add("".join(f"M{_coordinate(x)} {_coordinate(y)}h0" for x, y in points), " mark")

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: Any, ismath: Any = False, mtext: Any = None
    ) -> None:
        x, _ = mtext.get_transform().transform(mtext.get_unitless_position())
        place = Markup('x="{}" y="{}" text-anchor="{}"').format(
            _coordinate(x), _coordinate(y), _ANCHORS[mtext.get_ha()]
        )
        self.elements.append(Markup('<text class="{}" {}>{}</text>').format(self._class or "tick", place, visible(s)))

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: object) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return 0.55 * size * len(s), size, 0.2 * size

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def flipy(self) -> bool:
        return True

    @property
    def _class(self) -> str | None:
        name, gid = self._groups[-1]
        return gid or ("grid" if name == "line2d" and any(group[1:] == "tick" for group, _ in self._groups) else None)

    def _add(self, d: str, suffix: str = "") -> None:
        if self._class and d:
            self.elements.append(Markup('<path class="{}{}" d="{}"/>').format(self._class, suffix, d))


def render(figure: Figure, width: float, height: float) -> Markup:
    """The elements of a figure."""
    renderer = PageRenderer(width, height)
    with rc_context({"text.parse_math": False}):
        figure.draw(renderer)
    return Markup("").join(renderer.elements)


def _coordinate(value: float) -> str:
    """To a tenth."""
    return f"{value:.1f}".removesuffix(".0")
