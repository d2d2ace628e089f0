"""What a client asks of a run while it works, and how that reaches what the run waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from fathom.server.runs.abandoned import AbandonedError, is_cancelled

T = TypeVar("T")


class InterruptedRun(Exception):  # noqa: N818, it is no error: the client asked for it
    """The client stopped the run."""


class AnswerNow(Exception):  # noqa: N818, it is no error: the client asked for it
    """The client wants the answer now: the thinking ends here."""


class Interrupts:
    """The control of one run. ``wait`` awaits something that an interrupt may end."""

    def __init__(self, control: Mapping[str, Any]) -> None:
        self._control: dict[str, Any] = {"consents": {}, **control}
        self._inner: asyncio.Future[Any] | None = None
        self._thinks = False
        self._answer_wanted = False
        self._changed = asyncio.Event()

    @property
    def control(self) -> dict[str, Any]:
        """As it is stored."""
        return dict(self._control)

    @property
    def stopped(self) -> bool:
        return bool(self._control.get("stop"))

    def stop(self) -> None:
        self._control["stop"] = True
        self._interrupt()

    def answer_now(self) -> None:
        """End the thinking that goes on, or that is waited for next."""
        self._answer_wanted = True
        if self._thinks:
            self._interrupt()

    def consent(self, call: str, allow: bool) -> None:
        self._control["consents"] = {**self._control["consents"], call: allow}
        self._changed.set()

    async def consent_of(self, call: str) -> bool:
        """Wait for the client's word on a call."""
        while call not in self._control["consents"]:
            self._changed.clear()
            await self.wait(self._changed.wait())
        return bool(self._control["consents"][call])

    async def wait(self, work: Awaitable[T], *, thinking: bool = False) -> T:
        """Await ``work``. Raises InterruptedRun where the client stops the run, with ``thinking`` AnswerNow, and
        AbandonedError where it was cancelled by itself.
        """
        task = asyncio.ensure_future(work)
        self._inner, self._thinks = task, thinking
        if self.stopped or (thinking and self._answer_wanted):
            self._interrupt()
        try:
            return await task
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            if self.stopped:
                raise InterruptedRun from None
            if thinking and self._answer_wanted:
                raise AnswerNow from None
            raise AbandonedError from None
        finally:
            self._inner, self._thinks = None, False
            self._answer_wanted = self._answer_wanted and not thinking
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _interrupt(self) -> None:
        if self._inner is not None:
            self._inner.cancel()
