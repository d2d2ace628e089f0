"""The first program of a sandboxed process: it gives up its rights, then becomes the program to run.

Rights are given up before the untrusted program exists, and its interpreter is a fresh one (``exec``): nothing of this
module is left to meddle with. Where a layer that was promised cannot be had, nothing is run.
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
"""Exit status of a process that could not give up what it should."""


def probe() -> None:
    """Print the layers that this machine has, as JSON."""
    tried = {"files": landlock.restrict(["/usr", "/lib"]), "calls": seccomp.restrict()}
    layers = [name for name, done in tried.items() if done]
    print(json.dumps(layers))


def main(settings: str) -> None:
    """Confine this process as ``settings`` (JSON) say, then run ``settings["command"]`` in its place."""
    given: dict[str, Any] = json.loads(settings)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, given["open_files"])
    _limit(resource.RLIMIT_CPU, given["cpu_seconds"])
    if hasattr(resource, "RLIMIT_NPROC"):
        _limit(resource.RLIMIT_NPROC, 0)
    confine: dict[str, Callable[[], bool]] = {
        "files": lambda: landlock.restrict(given["readable"]),
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
    """Leave root, where we are root, without its powers after ``exec``; for others there is nothing to drop."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None)
        for capability in range(64):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


def _limit(kind: int, most: int) -> None:
    """Set both limits, never above what is in force already."""
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))
