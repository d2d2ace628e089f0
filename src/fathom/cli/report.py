"""``fathom report``: what runs recorded as one HTML file."""

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
        float, typer.Option(min=0, max=1, help="Share of sampled answers that should be correct after training.")
    ] = 0.85,
) -> None:
    """Write a report on training runs as one HTML file: curves, tables, verdicts, completions, time and cost."""
    from fathom.base.errors import ReportError

    try:
        from fathom.report import content, discover, page
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "matplotlib":
            raise
        raise ReportError("charts need matplotlib", "pip install 'fathom-lm[report]'") from error
    runs = discover.find_runs(directories)
    page.write_report(content.RunReport(runs, title or heading(directories), goal), out)
    typer.echo(out)


def heading(directories: list[Path]) -> str:
    """The names of the directories."""
    names = dict.fromkeys(directory.resolve().name for directory in directories)
    return ", ".join(list(names)[:4]) or "Training"
