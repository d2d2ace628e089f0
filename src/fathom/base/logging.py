"""Logging: one logger tree under ``fathom``, configured once, by the command line only.

A library must not touch the root logger, so modules take ``logging.getLogger(__name__)`` and nothing else; only
``configure``, which the command line calls, decides what is seen and how.
"""

from __future__ import annotations

import logging

from rich.console import Console
from rich.logging import RichHandler

from fathom.base.errors import ConfigError

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str = "info", console: Console | None = None) -> logging.Logger:
    """Show Fathom's log lines from ``level`` up, on stderr unless told otherwise. Calling it again replaces itself."""
    if level not in LEVELS:
        raise ConfigError(f"there is no log level called {level!r}", f"choose one of {', '.join(LEVELS)}")
    handler = RichHandler(
        console=console or Console(stderr=True), show_path=level == "debug", log_time_format="%H:%M:%S"
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("fathom")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    return logger
