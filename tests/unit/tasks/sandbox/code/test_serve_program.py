"""The process that holds the program: its replies, without the processes."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from fathom.tasks.sandbox.code import wire
from fathom.tasks.sandbox.code.serve_program import _reply, load


class Solution:
    def double(self, x: int) -> int:
        return 2 * x


def sort(items: list[int], *, up: bool = True) -> None:
    items.sort(reverse=not up)


SCOPE: dict[str, Any] = {"Solution": Solution, "sort": sort, "divide": lambda a, b: a / b, "make": object}


def asked(name: str, *args: Any, **kwargs: Any) -> Any:
    return wire.loads(_reply(SCOPE, wire.dumps([name, list(args), kwargs])))


def test_replies_have_the_result_and_the_changed_arguments() -> None:
    assert asked("divide", 6, 3) == ["result", 2.0, [6, 3]]
    assert asked("sort", [2, 3, 1], up=False) == ["result", None, [[3, 2, 1]]]
    assert asked("Solution.double", 4) == ["result", 8, [4]]


def test_a_file_that_exits_or_reads_has_defined_its_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for end in ("raise SystemExit(1)", "input()"):
        (tmp_path / "program.py").write_text(f"def f(): return 3\n{end}\nx = 1")
        scope: dict[str, Any] = {}
        load(str(tmp_path / "program.py"), scope)
        assert scope["f"]() == 3
        assert "x" not in scope
    (tmp_path / "program.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        load(str(tmp_path / "program.py"), {})


def test_exceptions_are_replies() -> None:
    assert asked("divide", 1, 0) == ["raised", "ZeroDivisionError", "division by zero"]
    assert asked("absent") == ["raised", "KeyError", "'absent'"]
    assert asked("make")[:2] == ["raised", "TypeError"]
