"""The process that holds the program: its replies, without the processes."""

from typing import Any

from fathom.tasks.sandbox.code import wire
from fathom.tasks.sandbox.code.serve_program import _reply


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


def test_exceptions_are_replies() -> None:
    assert asked("divide", 1, 0) == ["raised", "ZeroDivisionError", "division by zero"]
    assert asked("absent") == ["raised", "KeyError", "'absent'"]
    assert asked("make")[:2] == ["raised", "TypeError"]
