"""A client of a helper process that may hang or crash, and is then restarted."""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

from fathom.base.errors import FathomError
from fathom.tasks.sandbox.landlock import SYSTEM
from fathom.tasks.sandbox.worker import serve

MAX_REPLY = 2**20
START_SECONDS = 120
"""Time limit to import a large library on a busy machine; not part of a request's."""

_SOURCE = str(Path(__file__).parents[4])
_THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_HASHES = {"PYTHONHASHSEED": "0"}  # some generators iterate over sets of strings


class MissingPackageError(FathomError):
    """An optional package that is not installed."""


class Worker:
    """Sends requests to a helper process (`fathom.tasks.sandbox.worker.serve`), one at a time.

    ``module`` has the ``answer`` function; ``package`` is the optional package that it needs. Raises
    MissingPackageError without it. The process starts with the first request and ends with this object.
    """

    def __init__(self, module: str, package: str, *, seconds: float = 10.0, memory_bytes: int = 4 * 2**30) -> None:
        if importlib.util.find_spec(package) is None:
            raise MissingPackageError(
                f"the package {package.replace('_', '-')} is not installed", 'pip install "fathom-lm[train]"'
            )
        self._module = module
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Any) -> dict[str, Any]:
        """``{"value": …}``, or ``{"error": reason}`` if the library raised, timed out or crashed. Never raises."""
        with self._lock:
            try:
                return self._ask(json.dumps(request).encode() + b"\n")
            except (OSError, ValueError, TimeoutError) as error:
                self._stop()
                return {"error": str(error) or type(error).__name__}

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _ask(self, line: bytes) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._start()
        assert self._process
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line)
        self._process.stdin.flush()
        reply = json.loads(_read_line(self._process.stdout.fileno(), time.monotonic() + self._seconds))
        if not isinstance(reply, dict):
            raise ValueError("the reply of the helper process is not an object")
        return reply

    def _start(self) -> None:
        paths = [path for path in sys.path if os.path.isabs(path) and os.path.isdir(path)]
        settings = {
            "module": self._module,
            "memory_bytes": self._memory_bytes,
            "readable": [*SYSTEM, sys.base_prefix, sys.base_exec_prefix, sys.prefix, *paths],
        }
        code = (
            f"import sys; sys.path[:] = {[_SOURCE, *paths]!r}; "
            "from fathom.tasks.sandbox.worker import serve; serve.main(sys.argv[1])"
        )
        process = subprocess.Popen(
            [sys.executable, "-B", "-X", "utf8", "-c", code, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", **_HASHES, **_THREADS},
            start_new_session=True,
        )
        self._process = process
        weakref.finalize(self, _end, process)
        assert process.stdout
        if _read_line(process.stdout.fileno(), time.monotonic() + START_SECONDS) != f"{serve.READY}\n".encode():
            raise ValueError("the helper process did not start")

    def _stop(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):  # unsent data is dropped
                stream.close()


def _read_line(descriptor: int, deadline: float) -> bytes:
    """Bytes up to the end of a line. Raises TimeoutError at the deadline, ValueError if the process ended or the line
    is too long."""
    read = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while not read.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError("it took too long")
            piece = os.read(descriptor, 65536)
            read += piece
            if not piece:
                raise ValueError("the helper process ended")
            if len(read) > MAX_REPLY:
                raise ValueError("the reply of the helper process is too long")
    return bytes(read)
