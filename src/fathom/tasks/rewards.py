"""Rewards of completions: a weighted sum of reward functions.

A reward function takes a `GradedText` and returns a number; further keywords are its options. Those of this module are
in `REWARDS` by name, and adding one is a function and an entry there. A function in a file of your own is named by its
place (``my/rewards.py:brevity``), with its weight:

    --set 'rewards.functions={"my/rewards.py:brevity": 0.2}'

R1-Zero adds accuracy and format (section 2.2.2); R1 adds the consistency of language against thinking that mixes them
(section 2.3.2); DAPO penalizes completions near the limit (arXiv 2503.14476, eq. 13). By default the task's own reward
is the only one: each further part is one more thing to be gamed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from numbers import Real
from operator import add
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, field_validator, model_validator

from fathom.base.config import Part
from fathom.base.errors import ConfigError, FathomError
from fathom.tasks.task import Verdict, VerdictError
from fathom.tasks.verifiers.language import SCRIPTS, language_share
from fathom.tasks.verifiers.length import cosine_reward, soft_overlong
from fathom.text import markers


@dataclass(frozen=True, slots=True)
class GradedText:
    """A completion of ``tokens`` tokens, where ``limit`` are allowed, with the verifier's verdict.

    ``truncated``: the limit cut it off. A reward function decides by itself what that is worth; it should be 0 or less.
    """

    verdict: Verdict
    text: str
    tokens: int
    limit: int
    truncated: bool = False

    @property
    def thinking(self) -> str:
        return thinking(self.text)


_SHOWN = 200
"""Characters of a completion that an error shows."""

RewardFunction = Callable[..., float]
"""Takes a `GradedText`, and options as keywords."""

Shape = Literal["overlong", "cosine"]


def accuracy(completion: GradedText) -> float:
    """The task's own reward; 0 for a truncated completion."""
    return 0.0 if completion.truncated else completion.verdict.reward


def format_(completion: GradedText) -> float:
    """1 where the completion has the form that was asked for."""
    return float(completion.verdict.well_formed and not completion.truncated)


def language(completion: GradedText, *, name: str) -> float:
    """The share of the words of the thinking that are in this language; an empty thinking is in none."""
    if completion.truncated or not completion.thinking:
        return 0.0
    return language_share(completion.thinking, name)


def length(completion: GradedText, *, shape: Shape = "overlong", cache: int | None = None) -> float:
    """``overlong`` costs up to 1 over the last ``cache`` tokens before the limit (None: a quarter of it). ``cosine``
    (arXiv 2502.03373, section 4.2) rewards correct answers for being short and wrong ones for having tried longer.
    """
    tokens, limit = completion.tokens, completion.limit
    if shape == "cosine":
        return cosine_reward(tokens, completion.verdict.correct and not completion.truncated, maximum=limit)
    return soft_overlong(tokens, maximum=limit, cache=min(limit, cache or max(1, limit // 4)))


REWARDS: Mapping[str, RewardFunction] = MappingProxyType(
    {"accuracy": accuracy, "format": format_, "language": language, "length": length}
)
"""By the name in a configuration, under which runs log them too."""


class LanguageReward(Part):
    """``name`` is the code of a language (`fathom.tasks.verifiers.language.SCRIPTS`)."""

    name: str
    weight: NonNegativeFloat = 0.1

    @field_validator("name")
    @classmethod
    def _check_language(cls, name: str) -> str:
        if name not in SCRIPTS:
            raise ValueError(f"language {name!r} is not known: choose one of {', '.join(sorted(SCRIPTS))}")
        return name


class LengthReward(Part):
    """The options of `length`, with its weight."""

    shape: Shape = "overlong"
    weight: NonNegativeFloat = 1.0
    cache: PositiveInt | None = None


class RewardTerm(Part):
    """``weight`` of a reward function, and its options. A number alone is the weight."""

    weight: float = 1.0
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _accept_a_weight(cls, value: Any) -> Any:
        return {"weight": value} if isinstance(value, int | float) else value


class RewardConfig(Part):
    """The weight of the task's own reward, and what else counts. ``functions``: any others, by name or place."""

    accuracy: NonNegativeFloat = 1.0
    format: NonNegativeFloat = 0.0
    language: LanguageReward | None = None
    length: LengthReward | None = None
    functions: dict[str, RewardTerm] = Field(default_factory=dict)

    def terms(self) -> dict[str, RewardTerm]:
        """All that counts, by name or place."""
        terms = {"accuracy": RewardTerm(weight=self.accuracy), "format": RewardTerm(weight=self.format)}
        if self.language is not None:
            terms["language"] = RewardTerm(weight=self.language.weight, options={"name": self.language.name})
        if self.length is not None:
            options = {"shape": self.length.shape, "cache": self.length.cache}
            terms["length"] = RewardTerm(weight=self.length.weight, options=options)
        return {name: term for name, term in (terms | self.functions).items() if term.weight}


@dataclass(frozen=True, slots=True)
class Reward:
    """What a completion earned: the weighted ``parts`` by name."""

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        return reduce(add, self.parts.values(), 0.0)


NO_REWARD = Reward({})


@dataclass(frozen=True, slots=True)
class Rewards:
    """Weighted reward functions, by the names under which runs log them."""

    functions: Mapping[str, tuple[float, RewardFunction]]

    def __call__(self, completion: GradedText) -> Reward:
        """Raises VerdictError where a function raises, or returns no finite number."""
        return Reward(
            {name: weight * _number(name, function, completion) for name, (weight, function) in self.functions.items()}
        )


def build_rewards(config: RewardConfig, load: Callable[[str], Callable[..., Any]] | None = None) -> Rewards:
    """The rewards of a configuration; ``load`` finds a function by its place, as in ``my/rewards.py:brevity``.

    Raises ConfigError on a name that is not known, two of one name, options that do not fit, and a function that does
    not return a number for an empty completion.
    """
    functions: dict[str, tuple[float, RewardFunction]] = {}
    for place, term in config.terms().items():
        name, function = _find(place, load)
        if name in functions:
            raise ConfigError(f"two rewards are called {name!r}", "rename one of the functions")
        function = partial(function, **term.options)
        _try(place, function)
        functions[name] = term.weight, function
    return Rewards(functions)


def thinking(text: str) -> str:
    """The text before the end of the thinking; empty where it never ends."""
    before, closed, _ = text.rpartition(markers.THINK_CLOSE)
    return before.strip().removeprefix(markers.THINK_OPEN).strip() if closed else ""


def _find(place: str, load: Callable[[str], Callable[..., Any]] | None) -> tuple[str, RewardFunction]:
    """The name and the function of a reward."""
    if place in REWARDS:
        return place, REWARDS[place]
    if load is None or (":" not in place and not place.endswith(".py")):
        raise ConfigError(
            f"no reward is called {place!r}", f"choose one of {', '.join(REWARDS)}, or name a function: file.py:name"
        )
    function = load(place)
    return getattr(function, "__name__", place), function


def _number(name: str, function: RewardFunction, completion: GradedText) -> float:
    shown = repr(completion.text) if len(completion.text) <= _SHOWN else f"{completion.text[:_SHOWN]!r} …"
    try:
        value = function(completion)
    except FathomError:
        raise
    except Exception as error:
        raise VerdictError(
            f"the reward {name!r} raised {type(error).__name__}: {error} for the completion {shown}",
            "correct it: a reward must rate any text",
        ) from error
    if not isinstance(value, Real) or not math.isfinite(value):
        raise VerdictError(
            f"the reward {name!r} returned {value!r} for the completion {shown}", "return a finite number"
        )
    return float(value)


def _try(place: str, function: RewardFunction) -> None:
    """Call it once before a run does."""
    try:
        value = function(GradedText(Verdict(0.0, False, False), "", 0, 1))
    except Exception as error:
        raise ConfigError(
            f"the reward {place} fails on an empty completion: {type(error).__name__}: {error}",
            "correct the function, or its options",
        ) from error
    if not isinstance(value, int | float):
        raise ConfigError(f"the reward {place} returns {value!r}", "return a number")


TASK_REWARD = build_rewards(RewardConfig())
"""The task's own reward alone: what evaluations and training use unless asked otherwise."""
