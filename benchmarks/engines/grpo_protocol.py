"""What both sides of the GRPO benchmark do alike: the reward, the clock of a step, the answer.

Imported by interpreters that share nothing but the standard library, so it imports nothing else.

A job is ``{"model", "threads", "precision", "prompts", "group", "tokens", "lr", "steps", …}``; the answer is the last
line of the output.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from protocol import memory


def reward(text: str) -> float:
    """The share of vowels: cheap, different for every completion, and nothing that a model is good at."""
    return sum(letter in "aeiou" for letter in text) / max(1, len(text))


class Clock:
    """Seconds that were spent in what it wraps."""

    def __init__(self) -> None:
        self.spent: list[float] = []

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent.append(time.perf_counter() - began)

        return timed


def serve(do: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Read the job, do it, print the answer."""
    print(json.dumps(do(json.load(sys.stdin)) | memory()), flush=True)
