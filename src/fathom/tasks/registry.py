"""Registry of tasks by name, for command lines, recipes and evaluations."""

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
from fathom.tasks.collection import Collection
from fathom.tasks.countdown import Countdown
from fathom.tasks.gsm8k import Gsm8k
from fathom.tasks.math_style import MathStyle
from fathom.tasks.multiple_choice import MultipleChoice
from fathom.tasks.reasoning_gym import ReasoningGym
from fathom.tasks.sandbox.sandbox import Limits, Sandbox
from fathom.tasks.task import Task
from fathom.tasks.verifiers.countdown import Rules
from fathom.tasks.verifiers.format import AnswerFormat

TASKS: Mapping[str, Callable[..., Task]] = MappingProxyType(
    {
        "aime-2024": partial(MathStyle, collection=Collection(test="hf:HuggingFaceH4/aime_2024"), label="aime-2024"),
        "arithmetic": Arithmetic,
        "code": Code,
        "countdown": Countdown,
        "countdown-3": partial(Countdown, count=3),
        "countdown-4": partial(Countdown, count=4, largest=20, target_range=(1, 100)),
        "gsm8k": Gsm8k,
        "humaneval": partial(
            Code, collection=Collection(test="hf:openai/openai_humaneval:*/test-*"), label="humaneval"
        ),
        "math": MathStyle,
        "math-500": partial(MathStyle, collection=Collection(test="hf:HuggingFaceH4/MATH-500:test*"), label="math-500"),
        "mbpp": partial(Code, collection=Collection(test="hf:google-research-datasets/mbpp:full/test-*"), label="mbpp"),
        "mmlu": partial(MultipleChoice, collection=Collection(test="hf:cais/mmlu:all/test-*"), label="mmlu"),
        "multiple-choice": MultipleChoice,
        "reasoning-gym": ReasoningGym,
    }
)


FAMILY = "reasoning-gym/"
"""Prefix of reasoning-gym data sets, as in ``reasoning-gym/leg_counting``."""


def evaluations() -> list[str]:
    """The tasks without required options: the evaluation sets that training data must not contain."""
    return sorted(name for name, factory in TASKS.items() if not _missing(factory, {}))


_OBJECT_OPTIONS: Mapping[str, type] = MappingProxyType(
    {
        "answer_format": AnswerFormat,
        "collection": Collection,
        "limits": Limits,
        "rules": Rules,
        "sandbox": Sandbox,
    }
)
"""Options that are objects; a configuration gives their fields: ``rules={"operators": "+-*"}``."""


def get(name: str, **options: Any) -> Task:
    """The task called ``name``. Options are those of its constructor; objects also as mappings of their fields.

    Raises ConfigError for unknown names and options, and if an option is missing.
    """
    if name.startswith(FAMILY):
        return get("reasoning-gym", dataset=name.removeprefix(FAMILY), **options)
    if name not in TASKS:
        close = difflib.get_close_matches(name, TASKS, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigError(f"no task is called {name!r}", f"{meant}there are {', '.join(sorted(TASKS))}")
    task: Task = _construct(f"task {name!r}", TASKS[name], options)
    return task


def _construct(what: str, factory: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    parameters = inspect.signature(factory).parameters
    unknown = sorted(set(options) - set(parameters))
    if unknown:
        raise ConfigError(f"{what} has no option {unknown[0]!r}", f"its options are {', '.join(parameters) or 'none'}")
    missing = _missing(factory, options)
    if missing:
        raise ConfigError(f"{what} needs {missing[0]!r}", f"its options are {', '.join(parameters)}")
    return factory(**{key: _value(key, value) for key, value in options.items()})


def _missing(factory: Callable[..., Any], options: Mapping[str, Any]) -> list[str]:
    parameters = inspect.signature(factory).parameters
    return [key for key, each in parameters.items() if each.default is each.empty and key not in options]


def _value(key: str, value: Any) -> Any:
    """An option as its constructor takes it: mappings to objects, lists to tuples."""
    if key in _OBJECT_OPTIONS and isinstance(value, Mapping):
        return _construct(f"option {key!r}", _OBJECT_OPTIONS[key], value)
    return tuple(value) if isinstance(value, list) else value
