"""One writer a directory: a lock that the system releases when its holder dies, however it dies.

A file that merely names the writer would outlive a kill -9, and its reader would have to find out whether that process
is alive, perhaps on another machine. The system knows (``filelock``: flock, or its counterpart on Windows); the file
``…-holder`` beside the lock is for the error message alone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fathom.base.errors import FathomError
from fathom.base.progress import Report, silent

_PATIENCE = 0.2  # seconds: a holder may be removing the file as we open it


class BusyError(FathomError):
    """Another process works there."""


@contextmanager
def exclusive(path: Path, what: str, report: Report = silent) -> Iterator[None]:
    """Hold the lock at ``path``, whose folder is made, for the length of the block. ``what`` it guards, for the error.

    Raises BusyError, with the process that holds it, where that is another, or another block of ours. ``report`` is
    called for a file system without locks; there nothing is guarded.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(path), path.with_name(f"{path.name}-holder")
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise BusyError(
            f"{_describe(holder)} works in {what}", "wait for it or stop it, or choose another directory"
        ) from None
    except OSError as error:
        report(f"{what} cannot be locked ({error.strerror}): make sure that no other process writes there", None)
        yield
        return
    try:
        holder.write_text(f"{os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        for file in (holder, path):  # while it is held, no other process can have taken it
            with suppress(OSError):  # Windows refuses to remove an open file
                file.unlink()
        lock.release()


def _describe(holder: Path) -> str:
    try:
        return f"process {holder.read_text(encoding='utf-8').strip()}"
    except OSError:
        return "another process"
