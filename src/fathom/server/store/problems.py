"""Errors of a database, in words that say what to do.

A driver's error names a C constant or an SQLSTATE. What an operator can do about it is one of a few things: wait, free
space, mend permissions, restore a backup, start the database server.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError

from fathom.base.errors import StorageError

logger = logging.getLogger(__name__)

SQLITE = (
    (("SQLITE_BUSY", "SQLITE_LOCKED"), "another process keeps the database locked", "end it, then try again"),
    (("SQLITE_FULL",), "the disk is full", "free some space; nothing that was stored before is lost"),
    (("SQLITE_READONLY",), "the database can only be read", "check the permissions of its folder and its disk"),
    (
        ("SQLITE_CORRUPT", "SQLITE_NOTADB"),
        "the database is damaged",
        "stop the server and restore a backup (fathom restore), or move the file away to begin anew",
    ),
    (("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"), "the database cannot be opened", "check its permissions"),
    (("SQLITE_IOERR", "SQLITE_PROTOCOL"), "the disk failed", "check the disk, and that its folder is on a local one"),
)
"""Prefixes of SQLite's error names, what happened, what to do."""

POSTGRESQL = (
    ("28", "the database server refuses the login", "check the user and the password in FATHOM_DATABASE_URL"),
    ("3D", "the database server has no such database", "create it, or correct FATHOM_DATABASE_URL"),
    ("42501", "the database user lacks a privilege", "let it own the database"),
    ("53", "the database server lacks resources", "free disk space, memory or connections there"),
    ("57", "the database server stops", "try again when it is back"),
    ("08", "the database server cannot be reached", "start it, or correct FATHOM_DATABASE_URL"),
    ("25006", "the database can only be read", "use one that takes writes"),
    ("55P03", "another process keeps the database locked", "end it, then try again"),
    ("40", "another transaction came between", "try again"),
    ("XX", "the database is damaged", "see the log of the database server"),
)
"""Prefixes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), what happened, what to do."""

REPEAT_SECONDS = 60.0
"""A problem that goes on is logged so often."""

UNREACHABLE = StorageError("the database server cannot be reached", "start it, or correct FATHOM_DATABASE_URL")


class ProblemLog:
    """Logs what keeps a database from being used: once, not for every attempt; a full disk also holds the log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written: dict[str, float] = {}

    def write(self, problem: StorageError, cause: object) -> None:
        now = self._clock()
        if now >= self._written.get(problem.message, -math.inf) + REPEAT_SECONDS:
            self._written[problem.message] = now
            logger.warning("%s (%s)", problem.message, cause)


def storage_error(error: DBAPIError) -> StorageError | None:
    """What ``error`` means for an operator; None where the statement itself is at fault."""
    if isinstance(error, IntegrityError):
        return None
    if isinstance(error.orig, sqlite3.Error) or isinstance(error.orig and error.orig.__cause__, sqlite3.Error):
        return _of_sqlite(error)
    state = getattr(error.orig, "sqlstate", None) or ""
    for prefix, message, remedy in POSTGRESQL:
        if state.startswith(prefix):
            return StorageError(message, remedy)
    if error.connection_invalidated or (isinstance(error, InterfaceError) and "connection" in str(error.orig)):
        return StorageError(UNREACHABLE.message, UNREACHABLE.remedy)
    return None


def _of_sqlite(error: DBAPIError) -> StorageError | None:
    for cause in (error.orig, error.orig and error.orig.__cause__):
        name = getattr(cause, "sqlite_errorname", "")
        for prefixes, message, remedy in SQLITE:
            if name.startswith(prefixes):
                return StorageError(message, remedy)
    return None


def folder_error(error: OSError, folder: object) -> StorageError:
    """The error for a data folder that cannot be made or written."""
    reason = (error.strerror or str(error)).lower()
    return StorageError(
        f"the data folder {folder} cannot be used: {reason}",
        "check its permissions and its disk, or choose another by FATHOM_DATA_DIR",
    )
