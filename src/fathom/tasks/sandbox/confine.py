"""The first code of a sandboxed process: confines the process, then replaces itself by the program to run.

The process is confined before the untrusted program is loaded, and the program runs in a new interpreter (``exec``), in
which nothing of this module is left to manipulate. If a requested layer is not available, nothing is run.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from fathom.tasks.sandbox import landlock, seccomp

_PR_CAPBSET_DROP = 24

REFUSED = 97
"""Exit status of a process that could not be confined as requested."""


def probe() -> None:
    """Print the layers that this machine has, as JSON."""
    applied = {"files": landlock.restrict(["/usr", "/lib"]), "calls": seccomp.restrict()}
    layers = [name for name, done in applied.items() if done]
    print(json.dumps(layers))


def main(settings: str) -> None:
    """Confine this process by ``settings`` (JSON), then replace it by ``settings["command"]``."""
    given: dict[str, Any] = json.loads(settings)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, given["file_bytes"])
    _limit(resource.RLIMIT_NOFILE, given["open_files"])
    _limit(resource.RLIMIT_CPU, given["cpu_seconds"])
    if hasattr(resource, "RLIMIT_NPROC"):
        _limit(resource.RLIMIT_NPROC, 0)
    confine: dict[str, Callable[[], bool]] = {
        "files": lambda: landlock.restrict(given["readable"], writable=given["writable"]),
        "calls": seccomp.restrict,
    }
    for name in given["layers"]:
        if name not in confine or not confine[name]():
            print(f"the sandbox layer {name!r} could not be applied", file=sys.stderr)
            sys.exit(REFUSED)
    _drop_capabilities()
    _limit(resource.RLIMIT_AS, given["memory_bytes"])
    command: list[str] = given["command"]
    os.execv(command[0], command)


def _drop_capabilities() -> None:
    """Drop all capabilities, so that root has none after ``exec``; other users have none to drop."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        for capability in range(64):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def _limit(kind: int, most: int) -> None:
    """Set the soft and the hard limit, never above the current hard limit."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))
