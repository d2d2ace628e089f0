"""The client of the helper process, with small test libraries."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fathom.tasks.sandbox.worker.worker import Worker

LIBRARY = """
import os, sys, time

def answer(request):
    print("noise on standard output")
    what = request["what"]
    if what == "echo":
        return request["value"]
    if what == "raise":
        raise ValueError("no")
    if what == "hang":
        time.sleep(600)
    if what == "die":
        os._exit(1)
    if what == "memory":
        return len(bytearray(10**10))
    if what == "much":
        return "x" * 2**22
    if what == "shell":
        return os.system("true")
    if what == "write":
        open(request["path"], "w").write("x")
    if what == "environment":
        return sorted(os.environ)
    return object()
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    (tmp_path / "small_library.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    worker = Worker("small_library", "small_library", seconds=5)
    yield worker
    worker.close()


def test_requests_are_answered_one_after_another(helper: Worker) -> None:
    assert helper.ask({"what": "echo", "value": [1, "zwei", None]}) == {"value": [1, "zwei", None]}
    assert helper.ask({"what": "raise"}) == {"error": "ValueError: no"}
    assert helper.ask({"what": "echo", "value": "\ud800\n\x00"}) == {"value": "\ud800\n\x00"}


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("hang", "it took too long"),
        ("die", "the helper process ended"),
        ("memory", "MemoryError: "),
        ("much", "the reply of the helper process is too long"),
        ("object", "the helper process ended"),
    ],
)
def test_errors_are_returned_and_the_next_request_is_answered(helper: Worker, what: str, error: str) -> None:
    assert helper.ask({"what": what}) == {"error": error}
    assert helper.ask({"what": "echo", "value": 7}) == {"value": 7}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the layers are Linux's")
def test_the_process_is_confined(helper: Worker, tmp_path: Path) -> None:
    assert helper.ask({"what": "shell"})["value"] != 0
    assert "error" in helper.ask({"what": "write", "path": str(tmp_path / "new")})
    assert not (tmp_path / "new").exists()
    assert "HOME" not in helper.ask({"what": "environment"})["value"]


def test_an_import_error_is_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    assert Worker("broken_library", "broken_library").ask({}) == {"error": "the helper process ended"}
