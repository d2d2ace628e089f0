"""Tasks by name, for command lines, recipes and evaluations."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from fathom.base.errors import ConfigError
from fathom.tasks.arithmetic import Arithmetic
from fathom.tasks.code import Code
from fathom.tasks.countdown import Countdown
from fathom.tasks.gsm8k import Gsm8k
from fathom.tasks.math_style import MathStyle
from fathom.tasks.multiple_choice import MultipleChoice
from fathom.tasks.reasoning_gym import ReasoningGym
from fathom.tasks.task import Task

TASKS: Mapping[str, Callable[..., Task]] = MappingProxyType(
    {
        "arithmetic": Arithmetic,
        "code": Code,
        "countdown": Countdown,
        "countdown-3": partial(Countdown, count=3),
        "countdown-4": partial(Countdown, count=4, largest=20, target_range=(1, 100)),
        "gsm8k": Gsm8k,
        "math": MathStyle,
        "multiple-choice": MultipleChoice,
        "reasoning-gym": ReasoningGym,
    }
)


def get(name: str, **options: Any) -> Task:
    """The task of this name. Options are its constructor's; raises ConfigError on unknown names and options."""
    if name not in TASKS:
        close = difflib.get_close_matches(name, TASKS, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(f"no task is called {name!r}", f"{meant}there are {', '.join(sorted(TASKS))}")
    factory = TASKS[name]
    known = inspect.signature(factory).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ConfigError(
            f"task {name!r} has no option {unknown[0]!r}", f"its options are {', '.join(known) or 'none'}"
        )
    return factory(**options)
