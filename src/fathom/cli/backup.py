"""``fathom backup``: all that the assistant stores in one file, also while the server runs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fathom.base.progress import human_bytes
from fathom.cli import options


def backup(
    path: Annotated[
        Path | None,
        typer.Argument(help="A file, or a folder to put it in. Default: the folder backups beside the database."),
    ] = None,
) -> None:
    """Write conversations, files, memories and settings to one file, and verify it.

    Keys of other model servers and of tool servers are in it, and only its owner can read it.
    """
    from fathom.server.store.backup import write_backup
    from fathom.server.store.backup_file import Manifest
    from fathom.server.store.database import Database

    settings = options.settings()
    target = place(path, settings.data_dir / "backups", datetime.now())

    async def run() -> Manifest:
        database = Database(settings.database, settings.data_dir)
        try:
            return await write_backup(database, target)
        finally:
            await database.close()

    manifest = asyncio.run(run())
    counts = f"{manifest.rows('conversations')} conversations, {manifest.rows('messages')} messages, "
    counts += f"{manifest.rows('files')} files"
    typer.echo(f"{target}\n{counts}; {human_bytes(target.stat().st_size)}, verified")
    servers = (("upstreams", "model servers"), ("tool_servers", "tool servers"))
    keys = [f"{manifest.rows(table)} {name}" for table, name in servers if manifest.rows(table)]
    if keys:
        typer.echo(f"it holds the addresses and keys of {' and '.join(keys)}: keep it where you would keep these")


def place(path: Path | None, folder: Path, now: datetime) -> Path:
    """The file to write: ``path`` itself, or one named by the time in it or in ``folder``."""
    name = f"fathom-{now:%Y%m%d-%H%M%S}.zip"
    if path is None:
        return folder / name
    return path / name if path.is_dir() else path
