"""``fathom train``: any stage, from a recipe; the same command goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    name: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A recipe by name (tiny-pretrain), or a file.py, or file.py:function."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Directory of the run; the finished model lies in its final/. Default: runs/RECIPE."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value: --set optim.clip=0.5.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="The dial of recipes that have one: everything else follows from it.")
    ] = None,
) -> None:
    """Train a model: begin a run, or go on with the one in DIR."""
    from fathom.train.config import override
    from fathom.train.recipe import recipe

    config = override(recipe(name, depth), settings or ())

    from fathom.train.display import Display  # rich and torch: not before the configuration is known to hold
    from fathom.train.stages import run

    place = out or Path("runs") / config.name
    with Display(title=f"{config.name} → {place}", dollars_per_hour=config.dollars_per_hour) as display:
        finished = run(config, place, display)
    if not finished:
        raise typer.Exit(130)
