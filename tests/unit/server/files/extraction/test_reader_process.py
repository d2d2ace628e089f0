"""The process that reads: one line a passage, and a last line that says how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fathom.server.files.extraction.reader_process import main

SOURCE = str(Path(sys.modules[main.__module__].__file__ or "").parents[4])
SETTINGS = {"cpu_seconds": 20, "memory_bytes": 2**30, "max_characters": 1000}


def run(data: bytes, tmp_path: Path, **settings: Any) -> list[dict[str, Any]]:
    path = tmp_path / "file"
    path.write_bytes(data)
    given = {**SETTINGS, "name": "a.txt", "readable": ["/usr", "/lib", sys.base_prefix, *sys.path], **settings}
    code = (
        f"import sys; sys.path[:] = {[SOURCE, *sys.path]!r}; "
        "from fathom.server.files.extraction import reader_process; reader_process.main(sys.argv[1])"
    )
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(given)], stdin=file, stdout=subprocess.PIPE, check=True, timeout=60
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_passages_and_an_end(tmp_path):
    assert run(b"some text", tmp_path) == [
        {"place": {"line": 1}, "text": "some text"},
        {
            "end": {
                "format": "text",
                "media_type": "text/plain",
                "title": None,
                "facts": {},
                "warnings": [],
                "picture_pages": [],
            }
        },
    ]


def test_a_full_writer_is_a_warning(tmp_path):
    lines = run(b"x" * 3000, tmp_path, max_characters=1600)
    assert lines[-1]["end"]["warnings"] == ["only the first 1,600 characters were read"]


def test_an_error_is_the_last_line(tmp_path):
    (line,) = run(b"", tmp_path)
    assert line == {"error": {"message": "the file is empty", "remedy": "attach one with content", "detail": ""}}


def test_a_reader_that_fails_gives_an_error_without_internals(tmp_path):
    (line,) = run(b"text", tmp_path, max_characters="many")
    assert line["error"]["message"] == "the file is damaged and cannot be read"
    assert line["error"]["detail"].startswith("TypeError: ")
