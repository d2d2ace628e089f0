"""The process that holds the tests: it knows the expected values, and the model's program never runs in it.

Where the tests name a function of the program they get a stand-in, which sends the call to the other process and gives
back the plain value that comes. So nothing that the program does can reach an ``assert``.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from pathlib import Path
from typing import Any

from fathom.tasks.sandbox.code import wire

PASSED = "passed after {calls} calls"


class ProgramError(Exception):
    """The other process ended, or answered with what is no value."""


class OutputLine:
    """Calls out, replies in; one at a time."""

    def __init__(self) -> None:
        self._replies = os.fdopen(os.dup(0), encoding="utf-8")
        self._calls = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self.count = 0

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.count += 1
        try:
            self._calls.write(wire.dumps([name, list(args), kwargs]) + "\n")
            self._calls.flush()
            kind, result, after = wire.loads(self._replies.readline())
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise ProgramError(f"the program gave no answer to {name}") from error
        if kind == "raised":
            raise _exception(str(result), str(after))
        _change(args, after)
        return result


def main(path: str, names: str) -> None:
    """Run the tests; print that they passed only where they ran to their end and called the program."""
    line = OutputLine()
    sys.stdin, sys.stdout = io.StringIO(), io.StringIO()
    scope: dict[str, Any] = {"__name__": "tests"}
    for name in names.split(","):
        scope.update(_stand_in(line, name))
    scope.setdefault("candidate", next(value for key, value in scope.items() if not key.startswith("__")))
    exec(compile(Path(path).read_text(encoding="utf-8"), "tests.py", "exec"), scope)
    if line.count:
        print(PASSED.format(calls=line.count), file=sys.stderr)
    else:
        sys.exit("the tests never call the program")


def _stand_in(line: OutputLine, name: str) -> dict[str, Any]:
    """What the tests know by this name: a function, or a class with one method."""
    first, _, method = name.partition(".")

    def call(*args: Any, **kwargs: Any) -> Any:
        return line.call(name, args, kwargs)

    return {first: type(first, (), {method: staticmethod(call)})} if method else {first: call}


def _exception(name: str, text: str) -> Exception:
    """The built-in exception of this name, for tests that expect one; any other is a ProgramError."""
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(text)
        except TypeError:  # some take more than a text
            return ProgramError(f"{name}: {text}")
    return ProgramError(f"{name}: {text}")


def _change(args: tuple[Any, ...], after: Any) -> None:
    """What the function did to its arguments happens to ours too."""
    if not isinstance(after, list) or len(after) != len(args):
        raise ProgramError("the program sent other arguments back")
    for ours, theirs in zip(args, after, strict=True):
        if isinstance(ours, list) and isinstance(theirs, list):
            ours[:] = theirs
        elif isinstance(ours, dict | set) and type(ours) is type(theirs):
            ours.clear()
            ours.update(theirs)
