"""Many calls under way at once, results as they come.

Threads of our own, because those of `concurrent.futures` are waited for at exit: whoever presses Ctrl-C twice would
wait for a teacher who thinks for half an hour.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class _Done:
    """A worker has nothing left to do."""


class _Feed(Generic[A]):
    """Hands out one thing after the other, to any thread."""

    def __init__(self, things: Iterable[A]) -> None:
        self._things = iter(things)
        self._lock = threading.Lock()

    def take(self) -> A | _Done:
        with self._lock:
            return next(self._things, _Done())


def in_parallel(
    call: Callable[[A], B], things: Iterable[A], workers: int, stopping: Callable[[], bool]
) -> Iterator[tuple[A, B]]:
    """``(thing, call(thing))`` in the order in which calls return, at most ``workers`` of them under way.

    Once ``stopping`` says so, no further call begins. The first exception of a call is raised here, and ends all.
    """
    feed = _Feed(things)
    left = threading.Event()
    results: queue.SimpleQueue[tuple[A, B] | BaseException | _Done] = queue.SimpleQueue()

    def work() -> None:
        try:
            while not left.is_set() and not stopping():
                thing = feed.take()
                if isinstance(thing, _Done):
                    break
                results.put((thing, call(thing)))
            results.put(_Done())
        except BaseException as error:  # the caller's to handle, in its own thread
            results.put(error)

    for number in range(workers):
        threading.Thread(target=work, name=f"ask-{number}", daemon=True).start()
    running = workers
    try:
        while running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if isinstance(result, _Done):
                running -= 1
            else:
                yield result
    finally:
        left.set()
