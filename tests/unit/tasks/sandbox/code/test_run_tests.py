"""The process that runs the tests: proxies, exceptions, changed arguments, and that passing needs calls."""

import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from fathom.tasks.sandbox.code import run_tests, wire
from fathom.tasks.sandbox.code.run_tests import ProgramError


class FakeProgram:
    """A client that answers from a function instead of a process."""

    def __init__(self) -> None:
        self.count = 0

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.count += 1
        return (name, args, kwargs)


@pytest.fixture(autouse=True)
def streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """`main` replaces the standard streams: put them back after each test."""
    monkeypatch.setattr(sys, "stdin", sys.stdin)
    monkeypatch.setattr(sys, "stdout", sys.stdout)


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tests: str, names: str = "f,Solution.g") -> None:
    monkeypatch.setattr(run_tests, "ProgramClient", FakeProgram)
    path, given = tmp_path / "tests.py", tmp_path / "given.py"
    path.write_text(tests)
    given.write_text("import math\ndef f(): return 'of the prompt'\ndef helper(): return 2")
    run_tests.main(str(given), str(path), names)


def test_passing_is_printed_with_the_number_of_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = "assert f(1, b=2) == ('f', (1,), {'b': 2})\nassert Solution().g(3) == ('Solution.g', (3,), {})\n"
    run(tmp_path, monkeypatch, tests + "assert candidate is f")
    assert capsys.readouterr().err == "passed after 2 calls\n"


def test_what_the_problem_gives_is_there_but_the_program_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, monkeypatch, "assert f(1) == ('f', (1,), {})\nassert helper() == math.floor(2.5)")
    assert capsys.readouterr().err == "passed after 1 calls\n"


def test_tests_that_never_call_the_program_do_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="the tests never call the program"):
        run(tmp_path, monkeypatch, "assert True")


def test_a_failed_assertion_is_not_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError):
        run(tmp_path, monkeypatch, "assert f(1) == 1")


def test_built_in_exceptions_are_raised_as_themselves() -> None:
    assert repr(run_tests._exception("KeyError", "x")) == "KeyError('x')"
    assert isinstance(run_tests._exception("UnicodeDecodeError", "x"), ProgramError)  # takes more than a text
    assert isinstance(run_tests._exception("SystemExit", "x"), ProgramError)
    assert isinstance(run_tests._exception("Mine", "x"), ProgramError)


def test_changes_of_arguments_are_applied() -> None:
    numbers, table, text, queue = [3, 1], {"a": 1}, "x", deque([1])
    run_tests._update_arguments((numbers, table, text, queue), [[1, 3], {"b": 2}, "y", deque([2, 3])])
    assert (numbers, table, text, queue) == ([1, 3], {"b": 2}, "x", deque([2, 3]))
    with pytest.raises(ProgramError, match="other arguments"):
        run_tests._update_arguments(([],), [])


def test_a_program_that_does_not_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    replies, reply = os.pipe()
    calls, call = os.pipe()
    monkeypatch.setattr(os, "dup", {0: replies, 1: call}.__getitem__)
    client = run_tests.ProgramClient()
    os.write(reply, (wire.dumps(["result", 4, [2]]) + "\n").encode())
    assert client.call("f", (2,), {}) == 4
    assert wire.loads(os.read(calls, 100).decode()) == ["f", [2], {}]
    os.close(reply)
    with pytest.raises(ProgramError, match="the program gave no answer to f"):
        client.call("f", (2,), {})
    os.close(calls)
    client._calls.close()
    client._replies.close()
