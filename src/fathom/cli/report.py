"""``fathom report``: what runs left on disk as one HTML file, or as event files for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Directories of runs, or directories that hold several.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="Title of the report. Default: the name of the directory.")] = None,
    goal: Annotated[
        float, typer.Option(min=0, max=1, help="Share of sampled answers that are to be right after learning.")
    ] = 0.85,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write event files for TensorBoard into this directory instead.")
    ] = None,
) -> None:
    """Tell of training runs in one HTML file: curves, tables, verdicts, completions to read, time and cost."""
    from fathom.report import content, discover, events, page

    runs = discover.find(directories)
    if tensorboard is not None:
        for path in events.write(runs, tensorboard):
            typer.echo(path)
        return
    page.write(content.RunReport(runs, title or heading(directories), goal), out)
    typer.echo(out)


def heading(directories: list[Path]) -> str:
    """The names of the directories."""
    names = dict.fromkeys(directory.resolve().name for directory in directories)
    return ", ".join(list(names)[:4]) or "Training"
