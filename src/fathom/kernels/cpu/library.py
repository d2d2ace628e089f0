"""Builds the C++ sources of this folder with the system's compiler on first use, and loads the result.

Shipping binaries was refused: a wheel for the lowest common processor would give away most of the speed, one for each
processor is a release process of its own. torch's extension builder was refused: it compiles torch's headers for
half a minute where these sources take seconds. Without a compiler the reference implementations are used; ``status``
says which, and why.

The result is stored in the user's cache under a name that hashes everything it depends on: sources, headers, compiler
and its version, flags, processor. An atomic rename puts it there, so processes that build at once do not disturb each
other.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fathom.base.paths import kernels_dir
from fathom.kernels.cpu.interface import bind

HERE = Path(__file__).parent
COMPILERS = ("g++", "c++", "clang++")
BASE_FLAGS = (
    "-std=gnu++17",
    "-O3",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fvisibility=hidden",
    "-fPIC",
    "-shared",
    "-pthread",
)
FLAG_SETS = (("-march=native", "-fopenmp"), ("-march=native",), ("-mcpu=native",), ())
"""Tried in order; the first that compiles wins. Without OpenMP the kernels of training run on one thread."""


@dataclass(frozen=True, slots=True)
class BuildStatus:
    """Result of the build. ``reason`` is empty where ``path`` is a loaded library."""

    path: Path | None
    compiler: str = ""
    reason: str = ""


class Unavailable(Exception):  # noqa: N818 - a state, not a fault
    """There is no library; the message says why."""


def status() -> BuildStatus:
    """Whether the kernels are in use, for ``fathom doctor``. Builds them if that has not happened yet."""
    return _attempt()[1]


def library() -> ctypes.CDLL | None:
    """The loaded library; None where it cannot be built or ``FATHOM_KERNELS=ref`` asks for the reference."""
    return _attempt()[0]


def get_library() -> ctypes.CDLL:
    """The loaded library, for kernels that were chosen because there is one."""
    loaded = library()
    assert loaded is not None
    return loaded


@functools.cache
def _attempt() -> tuple[ctypes.CDLL | None, BuildStatus]:
    if os.environ.get("FATHOM_KERNELS") == "ref":
        return None, BuildStatus(None, reason="FATHOM_KERNELS=ref asks for the reference")
    try:
        compiler = find_compiler()
        path = build(compiler, kernels_dir())
        return bind(ctypes.CDLL(str(path))), BuildStatus(path, compiler)
    except (Unavailable, OSError) as error:
        return None, BuildStatus(None, reason=str(error))


def find_compiler() -> str:
    """The path of the C++ compiler: ``$CXX``, else the first of COMPILERS. Raises :class:`Unavailable`."""
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        path = shutil.which(name) if name else None
        if path:
            return path
    raise Unavailable(f"no C++ compiler on the PATH (looked for {', '.join(COMPILERS)})")


def build(compiler: str, directory: Path) -> Path:
    """The library for this machine, compiled unless ``directory`` holds it. Raises :class:`Unavailable`."""
    target = directory / f"{_key(compiler)}.so"
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    errors = []
    for flags in FLAG_SETS:
        with tempfile.TemporaryDirectory(dir=directory, prefix="build-") as work:
            result = Path(work) / "kernels.so"
            error = _compile(compiler, flags, result)
            if not error:
                result.replace(target)
                return target
            errors.append(error)
    raise Unavailable(f"{compiler} failed: {errors[0]}")


def _compile(compiler: str, flags: tuple[str, ...], result: Path) -> str:
    """Empty on success, else the compiler's error.

    Raises :class:`Unavailable` where the compiler was killed: trying other flags would then keep a slower library. It
    runs in a session of its own, so that the Ctrl-C that interrupts an answer does not stop it.
    """
    command = [compiler, *BASE_FLAGS, *flags, "-o", str(result), *map(str, _files("*.cpp"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    if done.returncode == 0:
        return ""
    if done.returncode < 0 or "signal terminated program" in done.stderr:
        raise Unavailable(f"{compiler} was stopped while it built the kernels; they are built at the next start")
    return next((line for line in done.stderr.splitlines() if "error" in line), f"exit status {done.returncode}")


def _key(compiler: str) -> str:
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    parts = [compiler, version, repr(BASE_FLAGS), repr(FLAG_SETS), platform.machine(), sys.platform, _processor()]
    digest = hashlib.sha256("\0".join(parts).encode())
    for path in (*_files("*.cpp"), *_files("*.h")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _files(pattern: str) -> list[Path]:
    return sorted(HERE.rglob(pattern))


def _processor() -> str:
    """The instruction sets that ``-march=native`` chooses from: a home directory may be shared between machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")
