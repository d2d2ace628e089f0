"""A sandbox for untrusted Python: a process that can only compute and print.

Layers, from the outside in:

1. A process and session of its own, a new interpreter (``-I -S``: no site packages, no user settings) with an empty
   environment, no open files, and a temporary folder; killed at the limit of wall-clock time or output.
2. Resource limits: processor time, memory, open files, no core dump, no file of more than 0 bytes.
3. Landlock (``files``): reads only the standard library and its own folder, writes nothing, no ``/proc``. A program
   that is to make files gets a folder for them, and more than 0 bytes.
4. Seccomp (``calls``): no sockets, processes, threads, signals, debugging or mounts.

All four are available on Linux 5.13 and newer, x86-64 and ARM, with or without privileges and inside most containers.
They do not isolate the kernel or the processor: against attackers, rather than models, add a virtual machine. Elsewhere
(macOS, older kernels) layers 3 and 4 are missing, and a program could read its user's files and use the network: then
`Sandbox` raises unless fewer layers are requested. Windows has no resource limits either.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Literal

from fathom.base.errors import FathomError
from fathom.tasks.sandbox.confine import REFUSED
from fathom.tasks.sandbox.landlock import SYSTEM

Status = Literal["finished", "failed", "time", "output", "refused"]
"""``finished``: exit status 0. ``failed``: another one, or a signal (also for the limits of memory and processor time).
``refused``: a layer could not be applied, and nothing was run."""

LAYERS = ("files", "calls")

_CHECK_SECONDS = 0.1
_BLOCK = 512

_START = """exec("import builtins, sys; builtins.exit = builtins.quit = sys.exit", {{}})
exec(compile(open({path!r}, "rb").read(), {path!r}, "exec"))
"""
"""Runs a program as the main module, with the two functions that Python defines outside a sandbox (``-S``)."""

_SOURCE = Path(__file__).parents[3]
_IMPORT = f"import sys; sys.path.insert(0, {str(_SOURCE)!r}); from fathom.tasks.sandbox import confine"


class SandboxError(FathomError):
    """A program cannot be confined as requested, or was killed before it began."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The resources of a program. Memory is address space, of which an idle interpreter takes some 30 MB.

    ``file_bytes`` is the size of all files that it may make, in the folder ``files``, where it then runs.
    """

    wall_seconds: float = 10.0
    cpu_seconds: int = 5
    memory_bytes: int = 512 * 2**20
    output_bytes: int = 2**20
    open_files: int = 32
    file_bytes: int = 0


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How a program ended, and what it printed up to the limit on output."""

    status: Status
    exit_status: int
    stdout: str
    stderr: str


@cache
def available_layers() -> frozenset[str]:
    """The layers that this machine has, determined by applying them in a process."""
    if not hasattr(os, "killpg"):
        raise SandboxError("this system cannot limit a process", "run code tasks on Linux")
    command = [_interpreter(), "-I", "-S", "-B", "-c", f"{_IMPORT}; confine.probe()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return frozenset(json.loads(done.stdout)) if done.returncode == 0 else frozenset()


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Confines programs to ``limits`` and ``layers``. Raises SandboxError if the machine lacks a layer.

    ``readable`` are folders that programs may read beside the standard library; ``environment`` are variables.
    """

    limits: Limits = field(default_factory=Limits)
    layers: tuple[str, ...] = LAYERS
    readable: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = sorted(set(self.layers) - available_layers())
        if missing:
            raise SandboxError(
                f"this machine cannot confine programs fully: no {' and no '.join(missing)}",
                "use Linux 5.13 or newer, or pass fewer layers to Sandbox(layers=...)",
            )

    def run(self, program: str, stdin: str = "") -> SandboxResult:
        """Run a program until it ends or reaches a limit. Never raises for what the program does.

        ``exit`` and ``quit`` are defined, and integers of any length can be printed.
        """
        with Jail(self) as jail:
            given = jail.write("stdin", stdin)
            path = jail.write("program.py", program)
            start = jail.write("start.py", _START.format(path=str(path)))
            with given.open("rb") as file:
                process = jail.start(start, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            return jail.watch(process)


class Jail:
    """A temporary folder and the processes in it; a context manager that ends with both."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._stack = ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._starting = threading.Lock()
        self._killed = False

    def __enter__(self) -> Jail:
        name = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="fathom-sandbox-", ignore_cleanup_errors=True)
        )
        self.folder = Path(name).resolve()
        self.files = self.folder / "files"
        if self._sandbox.limits.file_bytes:
            self.files.mkdir()
        return self

    def __exit__(self, *args: object) -> None:
        self.kill()
        for process in self._processes:
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        self._stack.close()

    def write(self, name: str, text: str) -> Path:
        """Write a file for the program. Lone surrogates, which models can write, become question marks."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8", errors="replace", newline="")
        return path

    def start(self, program: Path, *, stdin: IO[bytes] | int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """Start a confined interpreter that runs ``program``. Raises SandboxError after `kill`."""
        limits = self._sandbox.limits
        writes = limits.file_bytes > 0
        system = [*SYSTEM, sys.base_prefix, sys.base_exec_prefix]
        settings = {
            "file_bytes": limits.file_bytes,
            "writable": [str(self.files)] if writes else [],
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
            "open_files": limits.open_files,
            "layers": list(self._sandbox.layers),
            "readable": [*system, *self._sandbox.readable, str(self.folder)],
            "command": [_interpreter(), "-I", "-S", "-B", "-X", "utf8", "-X", "int_max_str_digits=0", str(program)],
        }
        with self._starting:  # a process that another thread kills is either in the list, or never started
            if self._killed:
                raise SandboxError("the program was killed before it began", "run it again")
            process = subprocess.Popen(
                [_interpreter(), "-I", "-S", "-B", "-c", f"{_IMPORT}; confine.main(sys.argv[1])", json.dumps(settings)],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self.files if writes else self.folder,
                env={"LANG": "C.UTF-8", **self._sandbox.environment},
                start_new_session=True,
            )
            self._processes.append(process)
        return process

    def watch(self, process: subprocess.Popen[bytes]) -> SandboxResult:
        """The output of a process until it ends, or is killed at a limit."""
        deadline = time.monotonic() + self._sandbox.limits.wall_seconds
        streams = {name: stream for name in ("stdout", "stderr") if (stream := getattr(process, name)) is not None}
        printed, stopped = _read(streams, deadline, self._sandbox.limits.output_bytes, self._files_full)
        while stopped is None:
            try:
                process.wait(min(_CHECK_SECONDS, max(0.0, deadline - time.monotonic())))
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() >= deadline:
                    stopped = "time"
                elif self._files_full():
                    stopped = "output"
        self.kill()
        code = process.wait()
        status = stopped or ("finished" if code == 0 else "refused" if code == REFUSED else "failed")
        text = {name: part.decode("utf-8", errors="replace") for name, part in printed.items()}
        return SandboxResult(status, code, text.get("stdout", ""), text.get("stderr", ""))

    def _files_full(self) -> bool:
        """Whether the program has made more than it may. One file is limited by the system, all of them by this."""
        most = self._sandbox.limits.file_bytes
        return most > 0 and _size(self.files, most) > most

    def kill(self) -> None:
        """End all programs; may be called from another thread than the one that watches them.

        Their pipes stay open until the jail ends: a descriptor that is closed under a reader may be another file's by
        the time it is read.
        """
        with self._starting:
            self._killed = True
        for process in self._processes:
            if process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _read(
    streams: Mapping[str, IO[bytes]], deadline: float, most: int, full: Callable[[], bool]
) -> tuple[dict[str, bytes], Status | None]:
    """The bytes of each stream, and the limit that was reached (None: all streams were closed)."""
    printed = {name: bytearray() for name in streams}
    with selectors.DefaultSelector() as selector:
        for name, stream in streams.items():
            selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return _bytes(printed, most), "time"
            events = selector.select(min(left, _CHECK_SECONDS))
            if full():
                return _bytes(printed, most), "output"
            for key, _ in events:
                piece = os.read(key.fd, 65536)
                if not piece:
                    selector.unregister(key.fileobj)
                printed[key.data] += piece
            if sum(map(len, printed.values())) > most:
                return _bytes(printed, most), "output"
    return _bytes(printed, most), None


def _size(folder: Path, enough: int) -> int:
    """The bytes of all files in a folder, each at least a block; counted until ``enough``."""
    total = 0
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with suppress(OSError):
                total += max(os.lstat(os.path.join(parent, name)).st_size, _BLOCK)
            if total > enough:
                return total
    return total


def _bytes(printed: Mapping[str, bytearray], most: int) -> dict[str, bytes]:
    return {name: bytes(part[:most]) for name, part in printed.items()}


def _interpreter() -> str:
    """The interpreter itself, not the link in a virtual environment, whose folder the program must not see."""
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
