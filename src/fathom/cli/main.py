"""The ``fathom`` command.

One file a command. Importing this module imports no torch, so that ``fathom --help`` and a mistyped option answer at
once: commands import what computes inside their functions, and only there (tested in ``tests/unit/cli/test_main.py``).
"""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.text import Text

from fathom import __version__
from fathom.base.errors import FathomError
from fathom.cli import backup, chat, data, doctor, inspect, pull, report, restore, serve, train

app = typer.Typer(
    name="fathom",
    help="An open reasoning assistant that runs on hardware you already have.",
    epilog="Start with: fathom chat",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("chat")(chat.chat)
app.command("serve")(serve.serve)
app.command("train")(train.train)
app.command("report")(report.report)
app.command("pull")(pull.pull)
app.command("inspect")(inspect.inspect)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("doctor")(doctor.doctor)
app.add_typer(data.app)


@app.command("version")
def version() -> None:
    """Print the version."""
    typer.echo(f"fathom {__version__}")


def main() -> None:
    """Run the command; a FathomError becomes two lines and exit code 1 (``FATHOM_DEBUG=1`` shows the traceback)."""
    try:
        app()
    except FathomError as error:
        if os.environ.get("FATHOM_DEBUG"):
            raise
        explain(error)
        sys.exit(1)


def explain(error: FathomError, console: Console | None = None) -> None:
    """Print what happened, then what to do."""
    console = console or Console(stderr=True)
    keep_lines = not console.is_terminal  # unwrapped, so that logs can be searched
    console.print(Text.assemble(("error: ", "bold red"), error.message), soft_wrap=keep_lines)
    if error.remedy:
        console.print(Text.assemble(("  try: ", "bold green"), error.remedy), soft_wrap=keep_lines)


if __name__ == "__main__":
    main()
