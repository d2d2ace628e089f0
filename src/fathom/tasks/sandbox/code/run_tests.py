"""The process that runs the tests: it has the expected values, and the model's program never runs in it.

Functions of the program are replaced by proxies, which send the call to the other process and return the plain value
that it replies. So nothing that the program does can affect an ``assert``.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

from fathom.tasks.sandbox.code import wire

PASSED = "passed after {calls} calls"


class ProgramError(Exception):
    """The program's process ended, or replied with something that is not a value."""


class ProgramClient:
    """Calls functions of the program in the other process, one at a time."""

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
        _update_arguments(args, after)
        return result


def main(given: str, path: str, names: str) -> None:
    """Run the tests after the code that the problem gives; print `PASSED` only if they ran to their end and called the
    program.
    """
    client = ProgramClient()
    sys.stdin, sys.stdout = io.StringIO(), io.StringIO()
    scope: dict[str, Any] = {"__name__": "tests"}
    exec(compile(Path(given).read_text(encoding="utf-8"), "given.py", "exec"), scope)
    for name in names.split(","):
        scope.update(_proxy(client, name))
    scope["candidate"] = scope[names.partition(",")[0].partition(".")[0]]
    exec(compile(Path(path).read_text(encoding="utf-8"), "tests.py", "exec"), scope)
    if client.count:
        print(PASSED.format(calls=client.count), file=sys.stderr)
    else:
        sys.exit("the tests never call the program")


def _proxy(client: ProgramClient, name: str) -> dict[str, Any]:
    """A proxy for ``name``: a function, or a class with one method."""
    first, _, method = name.partition(".")

    def call(*args: Any, **kwargs: Any) -> Any:
        return client.call(name, args, kwargs)

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


def _update_arguments(args: tuple[Any, ...], after: Any) -> None:
    """Apply the function's changes of its arguments to the test's arguments."""
    if not isinstance(after, list) or len(after) != len(args):
        raise ProgramError("the program sent other arguments back")
    for argument, changed in zip(args, after, strict=True):
        if isinstance(argument, list) and isinstance(changed, list):
            argument[:] = changed
        elif isinstance(argument, dict | set) and type(argument) is type(changed):
            argument.clear()
            argument.update(changed)
        elif isinstance(argument, deque) and isinstance(changed, deque):
            argument.clear()
            argument.extend(changed)
