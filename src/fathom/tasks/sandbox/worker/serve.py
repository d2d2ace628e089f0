"""A process that answers questions, one line each, for libraries that are trusted to be right but not to be safe.

math-verify and reasoning-gym give what a model wrote to sympy, which evaluates it: such a text may run code, take for
ever or all memory. So they live here, behind the same layers as programs do, as far as the machine has them. The
libraries are imported first, because afterwards no thread can be started.
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
    """Answer requests (JSON lines) with the ``answer`` function of ``settings["module"]`` until the line is closed."""
    given: dict[str, Any] = json.loads(settings)
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):  # what a library prints is no answer
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
    """A library may raise anything; that is an answer too."""
    try:
        return {"value": answer(request)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
