"""``fathom restore``: bring back what a backup holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fathom.cli import options


def restore(path: Annotated[Path, typer.Argument(help="A file that fathom backup wrote.")]) -> None:
    """Replace what is stored by a backup, which is verified first; what was there is kept as another backup."""
    from fathom.server.conversations.reindex import reindex
    from fathom.server.store.database import Database
    from fathom.server.store.restore import Restoration, restore_backup

    settings = options.settings()

    async def run() -> Restoration:
        database = Database(settings.database, settings.data_dir, claims=True)
        try:
            return await restore_backup(database, path, reindex)
        finally:
            await database.close()

    done = asyncio.run(run())
    typer.echo(f"restored {done.manifest.rows('conversations')} conversations and {done.manifest.rows('files')} files")
    if done.aside is not None:
        typer.echo(f"what was there before is in {done.aside}")
