"""The connections to the database, and its transactions.

SQLite has one writer at a time: here a single connection behind a lock, whose transactions begin with BEGIN IMMEDIATE,
so that none fails half-way because another process wrote meanwhile. Readers are pooled; with a write-ahead log they see
the last commit and never wait. In PostgreSQL both come from one pool.

A server claims its database; a second one gets an error until the first has ended. What only reads along (a backup)
claims nothing.

The database opens at its first use, and again at a later one where that failed: a server whose disk is full, or whose
database another process has locked, serves its page and its model, and recovers by itself.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table, event, func, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from fathom.base.errors import StorageError
from fathom.base.uninterrupted import run_uninterrupted
from fathom.server.store.claim import Claim, FileClaim, ServerClaim
from fathom.server.store.ids import new_id
from fathom.server.store.migrate import migrate
from fathom.server.store.problems import UNREACHABLE, ProblemLog, folder_error, storage_error
from fathom.server.store.schema import conversations, messages
from fathom.server.store.text import storable

READERS = 4
BUSY_SECONDS = 5.0
"""How long SQLite waits for another process's lock."""
TURN_SECONDS = 15.0
"""How long a writer waits for those before it."""
CLOSE_SECONDS = 10.0
"""How long a database that closes waits for transactions to end."""
RETRY_SECONDS = 2.0
"""A failed opening is not tried again for so long; its error is repeated."""


class Database:
    """One database. ``url`` is SQLAlchemy's; None means the SQLite file ``fathom.db`` in ``data_dir``, whose path may
    hold what a URL cannot. A SQLite file's folder is made where it is missing.

    With ``claims`` no other process that claims it can use it meanwhile. Serves the event loop it is opened on. All of
    its methods raise StorageError where the database cannot be used.
    """

    def __init__(
        self, url: str | None, data_dir: Path, *, busy_seconds: float | None = None, claims: bool = False
    ) -> None:
        own = str(data_dir / "fathom.db")
        self.url: URL = make_url(url) if url else URL.create("sqlite+aiosqlite", database=own)
        self.data_dir = data_dir
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._problems = ProblemLog()
        self._under_way = 0
        self._unused = asyncio.Event()
        self._unused.set()
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._failure: tuple[float, StorageError] | None = None
        self._closed = False
        self._claims = claims
        self._claim: Claim | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_open(self) -> bool:
        return self._writer is not None and (self._claim is None or self._claim.is_held)

    @property
    def problem(self) -> StorageError | None:
        """Why the last attempt to open failed."""
        return self._failure[1] if self._failure else None

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    async def open(self) -> None:
        """Connect, and bring the schema up to date. Does nothing on an open database."""
        if self.is_open and not self._closed:
            return
        async with self._opening:
            if self.is_open and not self._closed:
                return
            if self._closed:
                raise StorageError("the database is closed", "try again when the server is back")
            if self._failure is not None and time.monotonic() < self._failure[0] + RETRY_SECONDS:
                raise self._failure[1]
            try:
                await run_uninterrupted(self._open())
            except StorageError as error:
                self._failure = (time.monotonic(), error)
                raise
            self._failure = None

    async def close(self) -> None:
        """End all connections, after the transactions that are under way; a closed database does not open again."""
        self._closed = True
        async with self._opening:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._unused.wait()
            writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
            if writer is not None and reader is not None:
                await self._dispose((writer, reader))
            if self._claim is not None:
                await self._claim.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database and changes nothing."""
        await self.open()
        assert self._reader is not None
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._use():
            async with _transaction(self._reader, self._problems, **options) as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end, and rolled back by an exception.

        Keep it short, and wait for nothing else inside: with SQLite, all other writers wait for it.
        """
        await self.open()
        assert self._writer is not None
        alone = self._alone() if self.is_sqlite else nullcontext()
        with self._use():
            async with alone, _transaction(self._writer, self._problems) as connection:
                yield connection

    async def lock(self, connection: AsyncConnection, table: Table) -> None:
        """Keep ``table`` from other writers until the transaction of ``connection`` ends, to read and then write.

        With SQLite none does anyway.
        """
        if not self.is_sqlite:
            await connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))

    @contextmanager
    def _use(self) -> Iterator[None]:
        """A transaction is under way: its connection would outlive a pool that is disposed of meanwhile."""
        self._under_way += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._unused.set()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """The turn of one writer. While another process keeps the lock, each one before this waits for it in vain."""
        try:
            async with asyncio.timeout(TURN_SECONDS):  # wait_for of Python 3.11 can lose a cancellation
                await self._writing.acquire()
        except TimeoutError:
            raise StorageError("the database is too busy", "try again later") from None
        try:
            yield
        finally:
            self._writing.release()

    async def _open(self) -> None:
        try:
            if self.file is not None:
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # conversations are private
            async with _storage_errors(self._problems):
                await self._take_claim()
                if self._writer is None:
                    self._writer, self._reader = await self._connect()
        except OSError as error:
            if self.file is not None:
                raise folder_error(error, self.file.parent) from error
            raise StorageError(UNREACHABLE.message, UNREACHABLE.remedy) from error
        except ImportError as error:
            raise StorageError(
                f"the database needs a package that is missing: {error.name}", "pip install 'fathom-lm[postgres]'"
            ) from error
        finally:
            if self._writer is None and self._claim is not None:
                await self._claim.release()

    async def _take_claim(self) -> None:
        if not self._claims:
            return
        if self._claim is None:
            self._claim = FileClaim(self.file) if self.file is not None else ServerClaim(self.url)
        await self._claim.take()

    async def _connect(self) -> tuple[AsyncEngine, AsyncEngine]:
        """Writer and reader of a database whose schema is up to date."""
        engines = self._engines()
        try:
            await migrate(engines[1], self.file, self.data_dir)  # a reader: what is not ours is left alone
            await self._observe_ids(engines[1])
            self._close_to_others()
        except BaseException:
            await self._dispose(engines)
            raise
        return engines

    def _close_to_others(self) -> None:
        """Let only the owner read a SQLite file, which holds conversations and keys; its folder may be an older one."""
        for ending in ("", "-wal", "-shm"):
            file = self.file.with_name(self.file.name + ending) if self.file is not None else None
            if file is not None and file.exists():
                file.chmod(0o600)

    async def _observe_ids(self, engine: AsyncEngine) -> None:
        """Ids go on after the stored ones, also where the clock went back since."""
        async with engine.connect() as connection:
            for table in (conversations, messages):
                last = (await connection.execute(select(func.max(table.c.id)))).scalar()
                if last is not None:
                    new_id.observe(last)

    async def _dispose(self, engines: tuple[AsyncEngine, AsyncEngine]) -> None:
        for engine in set(engines):
            await engine.dispose()

    def _engines(self) -> tuple[AsyncEngine, AsyncEngine]:
        """Writer and reader."""
        if not self.is_sqlite:
            engine = create_async_engine(
                self.url,
                pool_pre_ping=True,
                json_serializer=_json,
                hide_parameters=True,  # an error of a statement is logged, and what it stores is private
                connect_args={"timeout": 10},
            )
            return engine, engine
        options = {"max_overflow": 0, "json_serializer": _json, "hide_parameters": True}
        options["connect_args"] = {"timeout": self._busy_seconds}
        writer = create_async_engine(self.url, pool_size=1, **options)
        reader = create_async_engine(self.url, pool_size=READERS, **options)
        _configure(writer, "BEGIN IMMEDIATE", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON")
        _configure(reader, "BEGIN", "query_only = ON")
        return writer, reader


def _json(value: Any) -> str:
    """JSON as it is stored, in as few bytes as it takes."""
    return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _configure(engine: AsyncEngine, begin: str, *pragmas: str) -> None:
    """Set ``pragmas`` on each connection, and begin transactions by ``begin``: the driver would begin them late."""

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)


@asynccontextmanager
async def _storage_errors(problems: ProblemLog) -> AsyncIterator[None]:
    try:
        yield
    except DBAPIError as error:
        problem = storage_error(error)
        if problem is None:
            raise
        problems.write(problem, error.orig)
        raise problem from error
    except PoolTimeoutError as error:
        raise StorageError("the database is too busy", "try again later") from error


@asynccontextmanager
async def _transaction(engine: AsyncEngine, problems: ProblemLog, **options: Any) -> AsyncIterator[AsyncConnection]:
    """A transaction, committed at the end and rolled back by an exception.

    A client that leaves cancels its request at any await. The connection is opened, begun, ended and given back whole
    nevertheless; a statement that is cut off costs its connection, which the pool replaces.
    """
    async with _storage_errors(problems), _connection(engine) as connection:
        await run_uninterrupted(connection.execution_options(**options))
        transaction = connection.begin()
        await run_uninterrupted(transaction.start())
        try:
            yield connection
        except BaseException:
            await run_uninterrupted(transaction.rollback())
            raise
        await run_uninterrupted(transaction.commit())


@asynccontextmanager
async def _connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection. An OSError while it is made is the database server's absence; one of the caller's is its own."""
    connection = engine.connect()
    try:
        try:
            await run_uninterrupted(connection.start())
        except (OSError, TimeoutError) as error:
            raise StorageError(UNREACHABLE.message, UNREACHABLE.remedy) from error
        yield connection
    finally:
        if connection.sync_connection is not None:
            await run_uninterrupted(connection.close())
