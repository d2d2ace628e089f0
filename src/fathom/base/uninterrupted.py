"""Steps that end before a cancellation takes effect."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def run_uninterrupted(step: Coroutine[Any, Any, Result]) -> Result:
    """Return what ``step`` returns. Where the caller is cancelled meanwhile, the step ends first.

    Raises:
        asyncio.CancelledError: The caller was cancelled; the step has ended, and its result or error is dropped.
    """
    task = asyncio.ensure_future(step)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # otherwise the event loop reports it as never retrieved
    raise cancellation
