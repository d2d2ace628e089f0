"""One program in the sandbox: what goes in, how long it may take, and what comes out."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from fathom.tasks.sandbox.sandbox import Jail, Limits, Sandbox, SandboxResult

LIMITS = Limits(
    wall_seconds=30.0,
    cpu_seconds=25,
    memory_bytes=2 * 2**30,
    output_bytes=200_000,
    open_files=64,
    file_bytes=32 * 2**20,
)
MOST_FILES = 20
_HARNESS = Path(__file__).with_name("harness.py")
_START = "import runpy\nmain = runpy.run_path({harness!r})['main']\nraise SystemExit(main({program!r}, {packages!r}))\n"
_FONTS = "import glob, matplotlib.font_manager\nprint(open(glob.glob('.config/fontlist*')[0]).read())"
_ENVIRONMENT = {
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": ".config",
    "HOME": ".",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_MAX_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that a program made or changed."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """How a program ended, what it printed, and its files; ``left_out`` names those beyond the limits."""

    result: SandboxResult
    files: tuple[MadeFile, ...] = ()
    left_out: tuple[str, ...] = ()


async def run_program(code: str, files: Mapping[str, Path], limits: Limits = LIMITS) -> ProgramRun:
    """Run ``code`` beside copies of ``files`` (by name). Cancelling the task kills the program.

    Raises SandboxError where this machine cannot confine it.
    """
    packages = _packages()
    sandbox = Sandbox(limits, readable=(*packages, str(_HARNESS)), environment=_ENVIRONMENT)
    with Jail(sandbox) as jail:
        work = asyncio.ensure_future(asyncio.to_thread(_run, jail, code, files, packages))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            jail.kill()
            await asyncio.gather(work, return_exceptions=True)
            raise


def _run(jail: Jail, code: str, files: Mapping[str, Path], packages: list[str]) -> ProgramRun:
    if "matplotlib" in code:
        _give_fonts(jail.files)
    before: dict[str, tuple[int, int]] = {}
    for name, path in files.items():
        shutil.copyfile(path, jail.files / name)
        before[name] = _state(jail.files / name)
    program = jail.write("program.py", code)
    start = jail.write("start.py", _START.format(harness=str(_HARNESS), program=str(program), packages=packages))
    process = jail.start(start, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    result = jail.watch(process)
    return ProgramRun(result, *_collect(jail.files, before))


@cache
def _fonts() -> tuple[str, bytes] | None:
    """Name and content of matplotlib's list of fonts, which takes it seconds to make; None where it is not installed.

    It is made by a program of ours: what a model's program leaves behind must not reach another one.
    """
    packages = _packages()
    sandbox = Sandbox(
        replace(LIMITS, output_bytes=2**22), readable=(*packages, str(_HARNESS)), environment=_ENVIRONMENT
    )
    with Jail(sandbox) as jail:
        program = jail.write("program.py", f"import sys\nsys.path += {packages!r}\n{_FONTS}")
        process = jail.start(program, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        result = jail.watch(process)
        names = [path.name for path in (jail.files / ".config").glob("fontlist*")]
    return (names[0], result.stdout.encode()) if result.status == "finished" and names else None


def _give_fonts(folder: Path) -> None:
    fonts = _fonts()
    if fonts is not None:
        (folder / ".config").mkdir()
        (folder / ".config" / fonts[0]).write_bytes(fonts[1])


def _packages() -> list[str]:
    """The folders of installed packages, which a program may import: numpy, matplotlib and whatever else is there."""
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return sorted(path for path in paths if path in sys.path and os.path.isdir(path))


def _state(path: Path) -> tuple[int, int]:
    status = path.stat(follow_symlinks=False)
    return status.st_mtime_ns, status.st_size


def _collect(folder: Path, before: Mapping[str, tuple[int, int]]) -> tuple[tuple[MadeFile, ...], tuple[str, ...]]:
    """The new and changed regular files of a folder, not of its hidden or inner ones."""
    made: list[MadeFile] = []
    left_out: list[str] = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        status = entry.stat(follow_symlinks=False)
        if entry.name.startswith(".") or not stat.S_ISREG(status.st_mode):
            continue
        if before.get(entry.name) == (status.st_mtime_ns, status.st_size) or not status.st_size:
            continue
        if len(made) == MOST_FILES:
            left_out.append(entry.name)
            continue
        kind = mimetypes.guess_type(entry.name)[0] or "application/octet-stream"
        made.append(MadeFile(entry.name, kind, Path(entry.path).read_bytes()))
    return tuple(made), tuple(left_out)
