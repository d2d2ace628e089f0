"""Rendering of an answer while it arrives: thinking in a dimmed pane with its duration, then Markdown.

Two views with the same methods: `LiveView` for a terminal, `PlainView` for a pipe, which gets the answer only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.spinner import Spinner
from rich.text import Text

from fathom.base.progress import human_seconds
from fathom.cli.terminal.markdown import complete_length

THINKING_LINES = 8
"""Lines of thinking on screen while it lasts; all of it is printed when it ends."""


class View(Protocol):
    """Receives the parts of an answer; ``close`` ends it."""

    def think(self, text: str) -> None: ...

    def answer(self, text: str) -> None: ...

    def close(self) -> None: ...


class PlainView:
    """Writes the answer only, as it arrives: for pipes."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = ""

    def think(self, text: str) -> None:
        """Thinking is not written."""

    def answer(self, text: str) -> None:
        if text:
            self._out.write(text)
            self._out.flush()
            self._last = text[-1]

    def close(self) -> None:
        if self._last not in ("", "\n"):
            self._out.write("\n")


class LiveView:
    """Redraws the part that can still change, and prints the rest once."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._began = clock()
        self._thinking = ""
        self._thought_for: float | None = None
        self._rest = ""
        self._live = Live(Spinner("dots", Text("…", "dim")), console=console, transient=True, refresh_per_second=12)
        self._live.start()

    def think(self, text: str) -> None:
        self._thinking += text
        self._live.update(self._pending_markdown())

    def answer(self, text: str) -> None:
        self._end_thinking()
        self._rest += text
        if cut := complete_length(self._rest):
            self._console.print(Markdown(self._rest[:cut]))
            self._console.print()
            self._rest = self._rest[cut:]
        self._live.update(self._pending_markdown())

    def close(self) -> None:
        self._end_thinking()
        self._live.stop()
        if self._rest.strip():
            self._console.print(Markdown(self._rest))

    def _end_thinking(self) -> None:
        if self._thought_for is None and self._thinking.strip():
            self._thought_for = self._clock() - self._began
            self._console.print(_pane(self._thinking, f"thought for {human_seconds(self._thought_for)}"))

    def _pending_markdown(self) -> RenderableType:
        if self._thinking.strip() and self._thought_for is None:
            width = max(self._console.width - 4, 20)
            lines = Text(self._thinking.strip()).wrap(self._console, width)
            shown = "\n".join(line.plain for line in lines[-THINKING_LINES:])
            return _pane(shown, f"thinking {human_seconds(self._clock() - self._began)}")
        # the last screenful: text above it is printed in full as soon as its element is finished
        return Group(_Tail(Markdown(self._rest), self._console.height - 2))


class _Tail:
    """The last lines of a renderable that may be longer than the screen."""

    def __init__(self, inner: RenderableType, height: int) -> None:
        self._inner = inner
        self._height = max(height, 1)

    def __rich_console__(self, console: Console, options: object) -> list[Text]:
        lines = console.render_lines(self._inner, pad=False)[-self._height :]
        return [Text.assemble(*((part.text, part.style or "") for part in line)) for line in lines]


def _pane(text: str, title: str) -> Panel:
    return Panel(Text(text.strip(), style="dim italic"), title=title, title_align="left", border_style="dim")
