"""``fathom version``."""

from __future__ import annotations

import typer

from fathom import __version__


def version() -> None:
    """Print the version."""
    typer.echo(f"fathom {__version__}")
