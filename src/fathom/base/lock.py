"""One writer a directory: a lock that the system lets go of when its holder dies, however it dies.

A file that merely says who writes would outlive a kill -9, and somebody would have to find out whether that process
still lives, perhaps on another machine. ``flock`` asks the system, which knows; the file only tells people whom to ask.
It is taken away at the end, but it may as well lie there: an unheld lock stops nobody.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fathom.base.errors import FathomError
from fathom.base.progress import Report, silent

_BEHIND = 1 << 30
"""Windows locks bytes, and locked ones cannot be read: one far behind the text stands for the file."""


class BusyError(FathomError):
    """Somebody else works there."""


@contextmanager
def exclusive(path: Path, what: str, report: Report = silent) -> Iterator[None]:
    """Hold the lock at ``path``, whose folder is made, for the length of the block. ``what`` it guards, for the error.

    Raises BusyError, with the process that holds it, where that is another, or another block of ours. ``report`` hears
    of a file system that has no locks; there nothing is guarded.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _acquire(path, what, report)
    try:
        file.truncate(0)
        file.write(f"{os.getpid()} on {socket.gethostname()}\n".encode())
        file.flush()
        yield
    finally:
        _leave(file, path)


def _acquire(path: Path, what: str, report: Report) -> IO[bytes]:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        try:
            _lock(file)
        except BlockingIOError:
            holder = file.read(200).decode("utf-8", "replace").strip()
            file.close()
            who = f"process {holder}" if holder else "another process"
            raise BusyError(f"{who} works in {what}", "wait for it or stop it, or choose another directory") from None
        except OSError as error:
            report(f"{what} cannot be locked ({error.strerror}): see to it that nobody else writes there", None)
            return file
        if _names(path, file):
            return file
        file.close()  # its holder took it away between our opening and our locking: nobody else would see this lock


def _names(path: Path, file: IO[bytes]) -> bool:
    """Whether ``path`` still is this very file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import errno
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(_BEHIND)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise (BlockingIOError() if error.errno in (errno.EACCES, errno.EDEADLK) else error) from None
        finally:
            file.seek(0)

    def _leave(file: IO[bytes], path: Path) -> None:
        file.close()  # an open file cannot be removed; whoever took it meanwhile keeps it
        try:
            path.unlink()
        except OSError:
            return

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _leave(file: IO[bytes], path: Path) -> None:
        path.unlink(missing_ok=True)  # while it is held: nobody else can have taken it yet
        file.close()
