"""The process that reads one file: it confines itself, then detects the format and runs the reader.

It is given the file as standard input and nothing else: no name of a folder, no environment, no network. What it finds
it writes as lines of JSON: one a passage, and a last one with the title, the facts and the warnings, or with the error.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import mimetypes
import os
import sys
from typing import IO, Any

from fathom.tasks.sandbox import landlock, seccomp

SOFT = 0.8
"""Share of the processor time after which a reader ends by itself, with what it has."""


def main(settings: str) -> None:
    """Read standard input as ``settings`` (JSON: limits, readable folders, the file's name) say."""
    given: dict[str, Any] = json.loads(settings)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no line of ours
    sys.modules["numpy"] = None  # type: ignore[assignment] # openpyxl would import it, for values that no file has
    mimetypes.knownfiles.clear()  # the system's tables, which the confinement hides from openpyxl and mammoth
    confine(given)
    with open(0, "rb", closefd=False) as file:
        end = _read(file, given, out)
    out.write(json.dumps(end) + "\n")
    out.flush()


def confine(given: dict[str, Any]) -> None:
    """Limit this process for good. Systems without Landlock and seccomp have the limits of resources alone."""
    import resource  # noqa: PLC0415 (Unix)

    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CPU, given["cpu_seconds"]),
        (resource.RLIMIT_AS, given["memory_bytes"]),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS has no limit of address space
            resource.setrlimit(kind, (most, most))
    landlock.restrict(given["readable"])
    seccomp.restrict()


def _read(file: IO[bytes], given: dict[str, Any], out: IO[str]) -> dict[str, Any]:
    """The last line: how reading ended."""
    from fathom.server.files.errors import UnreadableFileError  # noqa: PLC0415 (after the confinement)
    from fathom.server.files.extraction.formats import WEB_PAGE, detect_format  # noqa: PLC0415
    from fathom.server.files.extraction.passages import PassageWriter, TextFullError  # noqa: PLC0415

    def emit(place: Any, text: str) -> None:
        out.write(json.dumps({"place": dict(place), "text": text}) + "\n")

    writer = PassageWriter(emit, given["max_characters"], deadline=SOFT * given["cpu_seconds"])
    try:
        file_format = WEB_PAGE if given.get("web_page") else detect_format(file, given["name"])
        file.seek(0)
        reader = importlib.import_module(f"fathom.server.files.extraction.readers.{file_format.reader}")
        try:
            reader.read(file, writer)
        except TextFullError as full:
            writer.warn(str(full))
    except UnreadableFileError as error:
        return error_line(error.message, error.remedy)
    except ImportError as error:
        return error_line(f"the package {error.name} is not installed", 'pip install "fathom-lm[app]"')
    except (MemoryError, RecursionError):
        return error_line("reading the file takes more memory than it may", "attach a part of it")
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"[:500]
        return error_line("the file is damaged and cannot be read", "save it again and attach the copy", detail)
    return {
        "end": {
            "format": file_format.name,
            "media_type": file_format.media_type,
            "title": writer.title,
            "facts": writer.facts,
            "warnings": writer.warnings,
            "picture_pages": writer.picture_pages,
        }
    }


def error_line(message: str, remedy: str, detail: str = "") -> dict[str, Any]:
    """``detail`` is for the server's log."""
    return {"error": {"message": message, "remedy": remedy, "detail": detail}}
