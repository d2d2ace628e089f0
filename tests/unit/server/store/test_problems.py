"""Errors of the drivers, in words that say what to do."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from fathom.base.errors import StorageError
from fathom.server.store.problems import REPEAT_SECONDS, ProblemLog, folder_error, storage_error


def of_sqlite(name: str) -> OperationalError:
    cause = sqlite3.OperationalError("words of the driver")
    cause.sqlite_errorname = name
    return OperationalError("SELECT 1", {}, cause)


class ServerError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("words of the driver")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("SQLITE_BUSY_SNAPSHOT", "another process keeps the database locked"),
        ("SQLITE_FULL", "the disk is full"),
        ("SQLITE_READONLY_DIRECTORY", "the database can only be read"),
        ("SQLITE_CORRUPT_VTAB", "the database is damaged"),
        ("SQLITE_CANTOPEN", "the database cannot be opened"),
        ("SQLITE_IOERR_WRITE", "the disk failed"),
    ],
)
def test_sqlite(name, message):
    problem = storage_error(of_sqlite(name))
    assert problem.message == message
    assert problem.remedy


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("28P01", "the database server refuses the login"),
        ("3D000", "the database server has no such database"),
        ("53100", "the database server lacks resources"),
        ("57P01", "the database server stops"),
        ("25006", "the database can only be read"),
    ],
)
def test_postgresql(state, message):
    problem = storage_error(DBAPIError("SELECT 1", {}, ServerError(state)))
    assert problem.message == message
    assert problem.remedy


def test_a_statement_at_fault_is_no_problem_of_the_storage():
    assert storage_error(of_sqlite("SQLITE_ERROR")) is None
    assert storage_error(DBAPIError("SELECT 1", {}, ServerError("42P01"))) is None
    assert storage_error(IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE"))) is None


def test_a_folder():
    problem = folder_error(PermissionError(13, "Permission denied"), "/srv/data")
    assert str(problem).startswith("the data folder /srv/data cannot be used: permission denied; check its permissions")


def test_a_problem_that_goes_on_is_logged_now_and_then(caplog):
    now = [1.0]
    log = ProblemLog(lambda: now[0])
    for message in ("full", "full", "locked", "full"):
        log.write(StorageError(message), "words of the driver")
    assert caplog.messages == ["full (words of the driver)", "locked (words of the driver)"]
    now[0] += REPEAT_SECONDS
    log.write(StorageError("full"), "again")
    assert caplog.messages[2:] == ["full (again)"]
