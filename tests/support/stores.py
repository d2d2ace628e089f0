"""Databases for tests: a new SQLite file, and a PostgreSQL server of the test session's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from fathom.server.store.database import Database
from fathom.server.store.schema import metadata

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian has the server's programs, in a folder for each version."""
UNPRIVILEGED = ("postgres", "nobody")
"""Users that the server runs as where the tests are root's: it refuses to run as root."""


def sqlite_database(folder: Path) -> Database:
    """A database in ``folder`` that opens at its first use."""
    return Database(None, folder)


def program(name: str) -> str | None:
    """The path of one of the server's programs."""
    versions = sorted(DEBIAN.glob("*/bin"), key=lambda path: float(path.parent.name)) if DEBIAN.exists() else []
    return shutil.which(name) or (shutil.which(name, path=versions[-1]) if versions else None)


def missing() -> None:
    """Skip, visibly; in CI the tests must run, so there it is a failure."""
    reason = "no PostgreSQL server is installed: apt-get install postgresql"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of an empty database on a server that listens on a socket in a temporary folder only."""
    if program("initdb") is None or program("postgres") is None:
        missing()
    with tempfile.TemporaryDirectory(prefix="fathom-pg-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        user = _prepare(root)
        data = root / "data"
        _run(user, "initdb", "-D", str(data), "-U", "fathom", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-k {root} -c listen_addresses= -c fsync=off -c full_page_writes=off -c shared_buffers=16MB"
        _run(user, "pg_ctl", "-D", str(data), "-w", "-l", str(root / "log"), "-o", options, "start")
        try:
            yield f"postgresql+asyncpg://fathom@/postgres?host={root}"
        finally:
            _run(user, "pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


def _prepare(root: Path) -> str | None:
    """Give ``root`` to the user that the server will run as; None: the present one."""
    if os.geteuid() != 0:
        return None
    for user in UNPRIVILEGED:
        try:
            shutil.chown(root, user)
        except LookupError:
            continue
        return user
    pytest.skip("the tests run as root, and there is no other user to run PostgreSQL as")


def _run(user: str | None, name: str, *arguments: str) -> None:
    path = program(name)
    assert path is not None
    prefix = ["setpriv", f"--reuid={user}", "--clear-groups", "--"] if user else []
    done = subprocess.run(
        [*prefix, path, *arguments], check=False, capture_output=True, text=True, cwd="/", timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def clear(database: Database) -> None:
    """Delete every row of every table."""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    async with database.write() as connection:
        await connection.execute(text(f"TRUNCATE {names} CASCADE"))
