"""Calls in parallel threads, results in the order in which they come.

Daemon threads, because those of `concurrent.futures` are joined at exit: a second Ctrl-C would wait for a teacher that
thinks for half an hour.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class _Exhausted:
    """Nothing is left to do."""


class _SharedIterator(Generic[A]):
    """The next of ``items``, for any thread."""

    def __init__(self, items: Iterable[A]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def take(self) -> A | _Exhausted:
        with self._lock:
            return next(self._items, _Exhausted())


def imap_unordered(
    call: Callable[[A], B], items: Iterable[A], workers: int, stopping: Callable[[], bool]
) -> Iterator[tuple[A, B]]:
    """``(item, call(item))`` in the order in which calls return, at most ``workers`` of them at a time.

    Once ``stopping`` holds, no further call begins. The first exception of a call is raised here, and ends all.
    """
    shared = _SharedIterator(items)
    abandoned = threading.Event()
    results: queue.SimpleQueue[tuple[A, B] | BaseException | _Exhausted] = queue.SimpleQueue()

    def work() -> None:
        try:
            while not abandoned.is_set() and not stopping():
                item = shared.take()
                if isinstance(item, _Exhausted):
                    break
                results.put((item, call(item)))
            results.put(_Exhausted())
        except BaseException as error:  # for the caller, in its own thread
            results.put(error)

    for number in range(workers):
        threading.Thread(target=work, name=f"ask-{number}", daemon=True).start()
    running = workers
    try:
        while running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if isinstance(result, _Exhausted):
                running -= 1
            else:
                yield result
    finally:
        abandoned.set()
