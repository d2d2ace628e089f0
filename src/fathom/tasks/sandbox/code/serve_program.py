"""The process that holds a model's program, and calls its functions on request.

Whatever the program does to this process (replacing ``print``, exiting early, writing to the pipe), it can only send
plain values as results of calls. To send the correct ones is to solve the problem.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from fathom.tasks.sandbox.code import wire


def main(given: str, path: str) -> None:
    """Load the code that the problem gives, then the program; reply to one call a line until the pipe is closed."""
    calls = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdin, sys.stdout = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    vars(builtins).update(exit=sys.exit, quit=sys.exit)
    scope: dict[str, Any] = {"__name__": "solution"}
    load(given, scope)
    load(path, scope)
    for line in calls:
        replies.write(_reply(scope, line) + "\n")
        replies.flush()


def load(path: str, scope: dict[str, Any]) -> None:
    """Run a file in ``scope``. One that ends by ``exit()``, or reads input that no test gives, has defined its
    functions before.
    """
    with suppress(SystemExit, EOFError):
        exec(compile(Path(path).read_bytes(), "solution.py", "exec"), scope)


def _reply(scope: dict[str, Any], line: str) -> str:
    """The result of a call, and its arguments afterwards, for functions that change them in place."""
    name, args, kwargs = wire.loads(line)
    try:
        result = _find(scope, name)(*args, **kwargs)
        return wire.dumps(["result", result, args])
    except Exception as error:
        return wire.dumps(["raised", type(error).__name__, str(error)[:200]])


def _find(scope: dict[str, Any], name: str) -> Any:
    """``function``, or ``Class.method`` of a new object, as some data sets have it."""
    first, _, method = name.partition(".")
    return getattr(scope[first](), method) if method else scope[first]
