"""Markup that is safe by construction: what is not `Html` is escaped, and only this module makes `Html` of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from fathom.report.values import visible

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_VOID = frozenset({"meta", "br", "hr", "input"})
_SELF_CLOSING = frozenset({"line", "path", "rect", "circle", "polyline"})


class Html(str):
    """Markup. Never build one from text of others: give it to `tag` as a plain string."""

    __slots__ = ()


Child: TypeAlias = "str | float | Iterable[Child] | None"


def escape(raw: str) -> Html:
    """Any text, as it may stand between tags and inside quotes."""
    return Html(visible(raw).translate(_ESCAPES))


def join(*children: Child) -> Html:
    """Children in order; None is nothing, plain strings are escaped."""
    return Html("".join(_pieces(children)))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """``<name …>children</name>``. Underscores in attributes become hyphens, a last one falls away (``class_``); None
    and False leave an attribute out, True writes its name alone.
    """
    inside = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{inside}>")
    content = "".join(_pieces(children))
    if not content and name in _SELF_CLOSING:
        return Html(f"<{name}{inside}/>")
    return Html(f"<{name}{inside}>{content}</{name}>")


def _name(key: str) -> str:
    return key if key == "viewBox" else key.rstrip("_").replace("_", "-")


def _plain(value: object) -> str:
    return coordinate(value) if isinstance(value, float) else str(value)


def coordinate(value: float) -> str:
    """A length in a drawing, to a tenth."""
    return f"{value:.1f}".removesuffix(".0")


def _pieces(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str):
            yield escape(child)
        elif isinstance(child, (int, float)):
            yield escape(_plain(child))
        else:
            yield from _pieces(child)
