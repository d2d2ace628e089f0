"""``fathom pull``: fetch a model from the hub, after printing its size, licence and memory need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from fathom.base import memory, progress
from fathom.base.errors import ModelNotFoundError
from fathom.base.progress import human_bytes

if TYPE_CHECKING:
    from fathom.checkpoint.hub.registry import Recommended

TIGHT = 0.8
"""The share of the machine's memory that a model may take before we warn."""


def pull(
    name: Annotated[
        str | None, typer.Argument(help="A name from the list, or a repository such as Qwen/Qwen3-0.6B.")
    ] = None,
) -> None:
    """Fetch a model; without a name, list the recommended ones."""
    console = Console(stderr=name is not None)
    if name is None:
        console.print(catalog(memory.detect().total))
        console.print("[dim]fathom pull NAME fetches one; fathom chat --model NAME talks to it[/]")
        return
    from fathom.checkpoint.hub import pull as hub
    from fathom.checkpoint.hub import registry

    if known := registry.RECOMMENDED.get(name.lower()):
        console.print(announcement(known, memory.detect().total), highlight=False, markup=False)
        if known.name == registry.EMBEDDED:
            return
    with progress.bar(console) as report:
        path = hub.pull(name, report)
    typer.echo(path)


def announcement(model: Recommended, memory_bytes: int) -> str:
    """What a person should know before the download begins."""
    if not model.download_bytes:
        return f"{model.name} comes with the installation: there is nothing to fetch"
    text = (
        f"{model.name} ({model.repo}): {model.purpose}\n"
        f"{human_bytes(model.download_bytes)} to fetch · licence {model.license} · "
        f"needs about {human_bytes(model.memory_bytes)} of memory"
    )
    if memory_bytes and model.memory_bytes > TIGHT * memory_bytes:
        text += f"\nthis machine has {human_bytes(memory_bytes)}: it will be too small for it"
    return text


def catalog(memory_bytes: int) -> Table:
    """The recommended models, smallest first, with what is here already and what this machine can hold."""
    from fathom.checkpoint.hub import registry

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("download", justify="right", no_wrap=True)
    table.add_column("memory", justify="right", no_wrap=True)
    table.add_column("purpose (licence)")
    for model in sorted(registry.RECOMMENDED.values(), key=lambda model: model.memory_bytes):
        fits = not memory_bytes or model.memory_bytes <= TIGHT * memory_bytes
        table.add_row(
            ("✓ " if is_here(model) else "  ") + model.name,
            human_bytes(model.download_bytes) if model.download_bytes else "–",
            human_bytes(model.memory_bytes),
            f"{model.purpose} ({model.license})",
            style=None if fits else "dim",
        )
    return table


def is_here(model: Recommended) -> bool:
    """Whether its files are on this machine."""
    from fathom.checkpoint import resolve
    from fathom.checkpoint.hub import registry

    try:
        if model.name != registry.EMBEDDED:
            return resolve.find_pulled(model.name) is not None
        resolve.find_embedded()
    except ModelNotFoundError:  # not installed, or fetched only in part
        return False
    return True
