"""``fathom inspect``: what a model is, without loading its weights."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fathom.base.progress import human_bytes


def inspect(
    name_or_path: Annotated[str, typer.Argument(help="A directory, a .gguf file, or a preset such as deepseek-v3.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Describe a model: architecture, parameters, bytes."""
    from fathom.checkpoint.inspect import describe

    facts = dataclasses.asdict(describe(name_or_path))
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        Console().print(render(facts))


def render(facts: dict[str, Any]) -> Table:
    """The facts as a table for people."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in lines(facts):
        table.add_row(name, text)
    return table


def lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """One pair a fact; what is unknown is left out, nested facts are indented."""
    for name, value in facts.items():
        title = name.replace("_", " ")
        if value is None or value in ({}, [], ()):
            continue
        if isinstance(value, dict):
            yield title, ""
            yield from ((f"  {inner}", text) for inner, text in lines(value))
        elif isinstance(value, bool):
            yield title, "yes" if value else "no"
        elif isinstance(value, int) and "bytes" in name:
            yield title, f"{value:,} ({human_bytes(value)})"
        elif isinstance(value, int) and "parameters" in name:
            yield title, f"{value:,} ({human_count(value)})"
        elif isinstance(value, (list, tuple)):
            yield title, ", ".join(str(entry) for entry in value)
        else:
            yield title, f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)


def human_count(count: int) -> str:
    """671026419200 → ``671.0 B``: the field counts parameters in M and B."""
    for bound, unit in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= bound:
            return f"{count / bound:.1f} {unit}"
    return str(count)
