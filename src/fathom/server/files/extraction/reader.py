"""Reads a file in a process of its own, within limits of time, memory and output, and without network.

A file is read by libraries that parse what strangers made, some in C++. The process that runs them has one open file,
sees no other, and dies at a limit; the server goes on. It starts within a fraction of a second, as it imports only the
reader of the file's format.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.passages import PASSAGE_PLACE
from fathom.tasks.sandbox.landlock import SYSTEM

_SOURCE = str(Path(__file__).parents[4])
_PACKAGE = "fathom.server.files.extraction"
_START = "import importlib; importlib.import_module(sys.argv[2]).main(sys.argv[1])"
_ENVIRONMENT = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_LINE = 2**20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What reading one file may take. Memory is address space, of which a reader itself takes some 150 MB."""

    wall_seconds: float = 180.0
    cpu_seconds: int = 90
    memory_bytes: int = 2**30
    max_characters: int = 5_000_000
    output_bytes: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """One passage as the reader found it."""

    place: PASSAGE_PLACE
    text: str


@dataclass(frozen=True, slots=True)
class ReadEnd:
    """What the reader knows once it is through: the format, the title, counts, and what was not read."""

    format: str
    media_type: str
    title: str | None
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    picture_pages: tuple[int, ...] = ()
    """Pages that hold only pictures, from 1; their text was not read."""


async def read_file(
    path: Path, name: str, limits: ReadingLimits | None = None, *, web_page: bool = False
) -> AsyncIterator[ReadPassage | ReadEnd]:
    """The passages of the file at ``path`` and, last, a `ReadEnd`.

    ``name`` is what the person calls it; of a ``web_page``, which is HTML, the article alone is read. Raises
    UnreadableFileError where the file has no text that can be had, or reaches a limit.
    """
    settings = {"name": name, "web_page": web_page}
    async for item in run_reader("reader_process", path, settings, limits or ReadingLimits()):
        yield item


async def run_reader(
    module: str, path: Path, settings: Mapping[str, Any], limits: ReadingLimits
) -> AsyncIterator[ReadPassage | ReadEnd]:
    """What ``main`` of a module of this package writes, run in a process of its own with the file as its input.

    The process is given the limits and what it may read, too, and confines itself. Raises UnreadableFileError.
    """
    process = await _start(module, path, settings, limits)
    assert process.stdout is not None
    ended, received = False, 0
    try:
        async with asyncio.timeout(limits.wall_seconds):
            while line := await process.stdout.readline():
                received += len(line)
                if received > limits.output_bytes:
                    raise _too_much("more text than is kept")
                item = _parse(line)
                ended = ended or isinstance(item, ReadEnd)
                yield item
            status = await process.wait()
    except TimeoutError:
        raise _too_much(f"more than {limits.wall_seconds:g} seconds") from None
    except ValueError as error:  # a line too long, or no JSON: nothing that the reader writes
        raise UnreadableFileError("the file broke its reader", "save it again and attach the copy") from error
    finally:
        await _end(process)
    if not ended:
        raise _death(status, limits)


async def _start(
    module: str, path: Path, settings: Mapping[str, Any], limits: ReadingLimits
) -> asyncio.subprocess.Process:
    if not hasattr(os, "killpg"):
        raise UnreadableFileError("this system cannot limit a process", "run the server on Linux or macOS")
    paths = [entry for entry in sys.path if os.path.isabs(entry) and os.path.isdir(entry)]
    given = {
        **settings,
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "max_characters": limits.max_characters,
        "readable": [*SYSTEM, sys.base_prefix, sys.base_exec_prefix, sys.prefix, _SOURCE, *paths],
    }
    code = f"import sys; sys.path[:] = {[_SOURCE, *paths]!r}; {_START}"
    with path.open("rb") as file:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", code, json.dumps(given), f"{_PACKAGE}.{module}"),
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,
            limit=_LINE,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _parse(line: bytes) -> ReadPassage | ReadEnd:
    """One line of the process, which is not trusted. Raises UnreadableFileError for its error, ValueError for none."""
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if isinstance(error := value.get("error"), dict):
        if detail := error.get("detail"):
            logger.warning("a file could not be read: %r", detail)
        raise UnreadableFileError(str(error.get("message"))[:500], str(error.get("remedy"))[:500])
    if isinstance(end := value.get("end"), dict):
        title, warnings = end.get("title"), end.get("warnings")
        facts, pages = end.get("facts"), end.get("picture_pages")
        return ReadEnd(
            str(end.get("format"))[:50],
            str(end.get("media_type"))[:200],
            _clean(title)[:300] if isinstance(title, str) else None,
            {str(key): fact for key, fact in facts.items() if isinstance(fact, int | str)}
            if isinstance(facts, dict)
            else {},
            tuple(_clean(str(warning))[:500] for warning in warnings[:50]) if isinstance(warnings, list) else (),
            tuple(page for page in pages if isinstance(page, int)) if isinstance(pages, list) else (),
        )
    text, place = value.get("text"), value.get("place")
    if not isinstance(text, str) or not isinstance(place, dict):
        raise ValueError("not a passage")
    return ReadPassage(
        {str(key): _clean(at) if isinstance(at, str) else int(at) for key, at in place.items()}, _clean(text)
    )


def _clean(text: str) -> str:
    """Without what databases refuse: halves of surrogate pairs are joined, lone ones and NUL replaced."""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\ufffd")


def _too_much(what: str) -> UnreadableFileError:
    return UnreadableFileError(f"reading the file takes {what}", "attach a part of it")


def _death(status: int, limits: ReadingLimits) -> UnreadableFileError:
    """The error for a process that died: by the limit of processor time, of memory, or because the file broke it."""
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_much(f"more than {limits.cpu_seconds} seconds of processor time")
    return UnreadableFileError(
        "the file broke its reader, or reading it takes more memory than it may",
        "save it again with the program that it is for, or attach a part of it",
    )
