"""The helper process of a `Worker`: calls a library that is trusted to be correct but not safe, one line a request.

math-verify and reasoning-gym pass a model's text to sympy, which evaluates it: such a text may run code, never
terminate, or take all memory. So they run here, under the same layers as programs, as far as the machine has them.
Libraries are imported first, because no thread can be started afterwards.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
from typing import Any

from fathom.tasks.sandbox import landlock, seccomp

READY = "ready"
"""The first line, written once the library is loaded and the process confined."""


def main(settings: str) -> None:
    """Reply to requests (JSON lines) with the ``answer`` function of ``settings["module"]`` until the pipe is
    closed."""
    given: dict[str, Any] = json.loads(settings)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):  # what a library prints is not a reply
        os.dup2(nowhere, standard)
    answer = importlib.import_module(given["module"]).answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    landlock.restrict(given["readable"])
    seccomp.restrict()
    resource.setrlimit(resource.RLIMIT_AS, (given["memory_bytes"], given["memory_bytes"]))
    replies.write(READY + "\n")
    replies.flush()
    for line in requests:
        replies.write(json.dumps(_reply(answer, json.loads(line))) + "\n")
        replies.flush()


def _reply(answer: Any, request: Any) -> dict[str, Any]:
    """The library's answer, or the exception that it raised."""
    try:
        return {"value": answer(request)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
