"""Sampling the next step's completions while this one's update runs, for those who have a second device.

A copy of the weights samples, in a thread of its own; torch lets go of the interpreter while it computes. What it
samples comes from the policy before the update that runs meanwhile, so the completions are one step old when they are
learned from, and the ratio compares with the log-probabilities that they were sampled with. That is all there is to it:
one batch is ahead, never two. A queue of batches was refused, because age is what makes off-policy learning fail.

Without a second device there is nothing to gain: both would share the same cores.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import torch

from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer

Result = TypeVar("Result")


class AsyncSampler:
    """A copy of a model's weights on ``device``, and the ``grader`` that samples from it."""

    def __init__(self, model: Transformer, device: torch.device, grader_of: Callable[[Transformer], Grader]) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False).to(device)
        self.grader = grader_of(self.model)

    def follow(self, model: Transformer) -> None:
        """Take over the weights of ``model``. Only while nothing is being sampled."""
        self.model.load_state_dict(model.state_dict())
        self.grader.sampler.refresh()


class Prefetch(Generic[Result]):
    """At most one piece of work that somebody else does meanwhile. The thread ends with the process, done or not."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._found: Result | BaseException | None = None

    def begin(self, work: Callable[[], Result]) -> None:
        """Start ``work``. What was begun before must have been taken."""
        assert self._thread is None

        def run() -> None:
            try:
                self._found = work()
            except BaseException as error:  # for whoever takes the result
                self._found = error

        self._thread = threading.Thread(target=run, name="ahead", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Until the work is done, if there is any."""
        if self._thread is not None:
            self._thread.join()

    def take(self) -> Result | None:
        """The result, once it is there; None where nothing was begun. Raises what the work raised."""
        if self._thread is None:
            return None
        self.wait()
        found, self._thread, self._found = self._found, None, None
        if isinstance(found, BaseException):
            raise found
        return found
