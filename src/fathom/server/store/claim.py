"""The right of one process to a database.

A second server on the same database would go on with the answers that the first one is writing, and its readers would
hear of no change. So a server claims its database for as long as it lives; one that comes second says so, and takes
over once the first has ended. A process that dies gives up its claim, however it dies.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout
from sqlalchemy import NullPool, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from fathom.base.errors import StorageError

ADVISORY_LOCK = 0x66617469
"""The key of PostgreSQL's advisory lock for the claim: "fati"."""


class Claim(Protocol):
    """``is_held`` turns false by itself where the claim is lost."""

    @property
    def is_held(self) -> bool: ...

    async def take(self) -> None:
        """Do nothing where it is held. Raises StorageError while another process has it, OSError for the disk."""

    async def release(self) -> None: ...


class FileClaim:
    """The claim to a SQLite file: a lock on a file beside it."""

    def __init__(self, file: Path) -> None:
        self._lock = FileLock(file.with_name(f"{file.name}.server.lock"), timeout=0, mode=0o600, thread_local=False)

    @property
    def is_held(self) -> bool:
        return self._lock.is_locked

    async def take(self) -> None:
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire()
        except Timeout:
            raise _conflict("FATHOM_DATA_DIR") from None

    async def release(self) -> None:
        self._lock.release()


class ServerClaim:
    """The claim to a PostgreSQL database: a lock of the connection that this keeps open."""

    def __init__(self, url: URL) -> None:
        self._engine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": 10}
        )
        self._connection: AsyncConnection | None = None
        self._driver: object = None

    @property
    def is_held(self) -> bool:
        """False as soon as the database server has ended the connection."""
        return self._driver is not None and not self._driver.is_closed()  # type: ignore[attr-defined]

    async def take(self) -> None:
        if self.is_held:
            return
        await self.release()
        connection = self._connection = await self._engine.connect()
        taken = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        if not taken.scalar():
            await self.release()
            raise _conflict("FATHOM_DATABASE_URL")
        self._driver = (await connection.get_raw_connection()).driver_connection

    async def release(self) -> None:
        self._driver = None
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _conflict(variable: str) -> StorageError:
    return StorageError(
        "another process of Fathom uses this database", f"end it, or give this one a database of its own ({variable})"
    )
