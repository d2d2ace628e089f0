"""Work that cancels itself: a library that ends its own task, or awaits one that someone else has ended.

To asyncio that looks as if the server stopped. A run must tell the two apart: at the server's end it stays as it is for
the next one, while work that gave up is a failure that a reader hears of.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fathom.base.errors import FathomError

T = TypeVar("T")


class AbandonedError(FathomError):
    """A part of an answer's work was cancelled by itself, not by the server or a client."""

    def __init__(self) -> None:
        super().__init__("a part of the work broke off", "try again; the server's log may say more")


async def run_to_end(work: Awaitable[T]) -> T:
    """Await ``work``. Raises AbandonedError where it was cancelled and the task that awaits it was not."""
    try:
        return await work
    except asyncio.CancelledError:
        if is_cancelled():
            raise
        raise AbandonedError from None


def is_cancelled() -> bool:
    """Whether the present task is asked to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
