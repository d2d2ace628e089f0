"""``fathom train``: one stage from a recipe, or a pipeline of stages; the same command resumes what was stopped.

With several processes, ``torchrun --nproc-per-node N -m fathom train …`` or ``--ranks N``, which is short for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from fathom.train.pipeline import Pipeline, Stage
    from fathom.train.run.config import RunConfig


def train(
    name: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="A recipe by name (tiny-pretrain), or a file.py, or file.py:function."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Directory of the run; its final/ is the finished model. Default: runs/ and the run's name."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one value: --set optim.clip=0.5. Of a pipeline: STAGE.KEY=VALUE."
        ),
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="Number of layers, for recipes that derive all other sizes from it.")
    ] = None,
    ranks: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine that share the work (torchrun's, in short).")
    ] = None,
    stage: Annotated[str | None, typer.Option(help="Of a pipeline: this stage alone, in this process.")] = None,
) -> None:
    """Train a model: start a run or a pipeline of runs, or resume the one in --out."""
    from fathom.base.errors import ConfigError
    from fathom.train.pipeline import Pipeline, resolve
    from fathom.train.run.config import override
    from fathom.train.run.recipe import call, check_config

    made = call(name, depth)
    if isinstance(made, Pipeline):
        pipeline = made.override(settings or ())
        place = out or Path("runs") / pipeline.name
        if stage is None:
            raise typer.Exit(_run_pipeline(pipeline, place, ranks))
        config, place = resolve(pipeline.stage(stage), place), place / stage
    elif stage is not None:
        raise ConfigError(f"the recipe {name} is one stage, not a pipeline", "leave out --stage")
    else:
        config = override(check_config(name, made), settings or ())
        place = out or Path("runs") / config.name
    if ranks is not None and ranks > 1 and "WORLD_SIZE" not in os.environ:
        raise typer.Exit(spawn(ranks))
    _run(config, place)


def _run(config: RunConfig, place: Path) -> None:
    from fathom.base.distributed import process_group
    from fathom.train.run.display import Display
    from fathom.train.stages import run

    with process_group() as world:
        console = None if world.is_main else Console(quiet=True)
        title, price = f"{config.name} → {place}", config.dollars_per_hour
        with Display(console, title=title, dollars_per_hour=price) as display:
            finished = run(config, place, display, world)
    if not finished:
        raise typer.Exit(130)


def _run_pipeline(pipeline: Pipeline, place: Path, ranks: int | None) -> int:
    """Run all stages, then write the report; the exit code. Stages that run side by side print into files."""
    from fathom.base.errors import ReportError
    from fathom.cli.report import report
    from fathom.train.pipeline import STOPPED, StageError, run_pipeline

    def log_of(stage: str) -> Path:
        return place / f"{stage}.log"

    def launch(stage: Stage) -> subprocess.Popen[bytes]:
        arguments = [*sys.argv[1:], "--stage", stage.name]
        if ranks is not None and not stage.config.distributed:
            arguments += ["--ranks", "1"]
        command = [sys.executable, "-m", "fathom", *arguments]
        if pipeline.jobs == 1:
            return subprocess.Popen(command, start_new_session=True)
        log = log_of(stage.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            return subprocess.Popen(command, start_new_session=True, stdout=file, stderr=file)

    def say(what: str, _fraction: float | None = None) -> None:
        typer.echo(f"== {what}", err=True)

    try:
        if not run_pipeline(pipeline, place, launch, say):
            return STOPPED
    except StageError as error:
        if pipeline.jobs > 1:
            error.remedy = f"see {log_of(error.name)}; the same command resumes there"
        raise
    try:
        report([place], out=place / "report.html", title=None, goal=0.85)
    except ReportError as error:
        typer.echo(f"all stages are done, but no report is written: {error}", err=True)
    if pipeline.hint:
        typer.echo(pipeline.hint.format(out=place))
    return 0


def spawn(ranks: int) -> int:
    """Run the very same command in ``ranks`` processes under torchrun; its exit code. Ctrl-C reaches all of them."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    process = subprocess.Popen([*torchrun, "-m", "fathom", *sys.argv[1:]])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both: torchrun's is the answer
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
