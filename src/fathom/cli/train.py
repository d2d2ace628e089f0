"""``fathom train``: any stage, from a recipe; the same command goes on where it was stopped.

With several processes, ``torchrun --nproc-per-node N -m fathom train …`` or ``--ranks N``, which is short for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def train(
    name: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A recipe by name (tiny-pretrain), or a file.py, or file.py:function."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Directory of the run; the finished model is in its final/. Default: runs/RECIPE."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value: --set optim.clip=0.5.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="The dial of recipes that have one: everything else follows from it.")
    ] = None,
    ranks: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine that share the work (torchrun's, in short).")
    ] = None,
) -> None:
    """Train a model: begin a run, or go on with the one in DIR."""
    if ranks is not None and ranks > 1 and "WORLD_SIZE" not in os.environ:
        raise typer.Exit(spawn(ranks))

    from fathom.train.run.config import override
    from fathom.train.run.recipe import recipe

    config = override(recipe(name, depth), settings or ())

    from fathom.base.distributed import process_group
    from fathom.train.run.display import Display  # rich and torch: not before the configuration is known to hold
    from fathom.train.stages import run

    place = out or Path("runs") / config.name
    with process_group() as world:
        console = None if world.is_main else Console(quiet=True)
        title, price = f"{config.name} → {place}", config.dollars_per_hour
        with Display(console, title=title, dollars_per_hour=price) as display:
            finished = run(config, place, display, world)
    if not finished:
        raise typer.Exit(130)


def spawn(ranks: int) -> int:
    """Run the very same command in ``ranks`` processes under torchrun; its exit code. Ctrl-C reaches all of them."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    process = subprocess.Popen([*torchrun, "-m", "fathom", *sys.argv[1:]])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both: torchrun's is the answer
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
