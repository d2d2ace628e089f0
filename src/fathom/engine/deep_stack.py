"""Calls on a thread with a large stack.

The grammar engine follows the references of a schema by recursion in native code. On a stack of common size, a chain of
some hundred definitions, each of which refers to the next, would end the process. What a grammar may have in characters
bounds the depth, so there is a stack that is always large enough; only what is used of it takes memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

STACK_BYTES = 256 << 20
"""Twice of what the deepest schemas of `grammar_source.MAX_SOURCE` characters take."""

_lock = threading.Lock()  # the size of stacks is a setting of the process


def call_with_deep_stack(function: Callable[[], T]) -> T:
    """What ``function`` returns or raises, called on a thread of its own while this one waits."""
    future: Future[T] = Future()
    thread = threading.Thread(target=_settle, args=(future, function), name="fathom-deep-stack", daemon=True)
    with _lock:
        before = threading.stack_size(STACK_BYTES)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    return future.result()


def _settle(future: Future[T], function: Callable[[], T]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
