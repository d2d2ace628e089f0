"""What a completion earns: its task's reward, and whatever else the configuration pays for.

    earned = accuracy · the task's reward
           + format · (1 where it has the form that was asked for)
           + language.weight · (share of the words of the thinking that are in the language)
           + length.weight · (how its length is shaped)

R1-Zero adds accuracy and format (section 2.2.2); R1 adds the consistency of language against thoughts that mix them
(section 2.3.2); DAPO punishes what nears the limit (arXiv 2503.14476, eq. 13). All of it is a pure function of the
text, its length and the verdict. A cut-off completion earns nothing but what its length costs. By default only the
task's reward counts: each further part is one more thing to be gamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt, field_validator

from fathom.base.config import Part
from fathom.tasks.task import Verdict
from fathom.tasks.verifiers.language import SCRIPTS, share
from fathom.tasks.verifiers.length import cosine, soft_overlong
from fathom.text import markers


class LanguageReward(Part):
    """``name`` is the code of the language that thoughts should be in (`fathom.tasks.verifiers.language.SCRIPTS`)."""

    name: str
    weight: NonNegativeFloat = 0.1

    @field_validator("name")
    @classmethod
    def _check_language(cls, name: str) -> str:
        if name not in SCRIPTS:
            raise ValueError(f"language {name!r} is not known: choose one of {', '.join(sorted(SCRIPTS))}")
        return name


class LengthReward(Part):
    """``overlong`` costs up to 1 over the last ``cache`` tokens before the limit (None: a quarter of it). ``cosine``
    (arXiv 2502.03373, section 4.2) pays right answers for being short and wrong ones for having tried longer.
    """

    shape: Literal["overlong", "cosine"] = "overlong"
    weight: NonNegativeFloat = 1.0
    cache: PositiveInt | None = None


class RewardConfig(Part):
    """Weights of the parts. ``language`` and ``length`` are not looked at where they are None."""

    accuracy: NonNegativeFloat = 1.0
    format: NonNegativeFloat = 0.0
    language: LanguageReward | None = None
    length: LengthReward | None = None


PLAIN = RewardConfig()


@dataclass(frozen=True, slots=True)
class Reward:
    """What a completion earned, part by part, each with its weight."""

    accuracy: float
    format: float = 0.0
    language: float = 0.0
    length: float = 0.0

    @property
    def total(self) -> float:
        return self.accuracy + self.format + self.language + self.length


NOTHING = Reward(0.0)


def reward(
    config: RewardConfig, verdict: Verdict, text: str, *, tokens: int, limit: int, truncated: bool = False
) -> Reward:
    """Of a completion of so many ``tokens``, where ``limit`` are allowed. An empty thought is in no language."""
    shaped = _length(config.length, verdict.correct and not truncated, tokens, limit)
    if truncated:
        return Reward(0.0, length=shaped)
    thought = thinking(text)
    spoken = config.language
    return Reward(
        accuracy=config.accuracy * verdict.reward,
        format=config.format * verdict.well_formed,
        language=spoken.weight * share(thought, spoken.name) if spoken is not None and thought else 0.0,
        length=shaped,
    )


def thinking(text: str) -> str:
    """What stands before the end of the thinking; empty where it never ends."""
    before, closed, _ = text.rpartition(markers.THINK_CLOSE)
    return before.strip().removeprefix(markers.THINK_OPEN).strip() if closed else ""


def _length(config: LengthReward | None, right: bool, tokens: int, limit: int) -> float:
    if config is None:
        return 0.0
    if config.shape == "cosine":
        return config.weight * cosine(tokens, right, maximum=limit)
    cache = min(limit, config.cache or max(1, limit // 4))
    return config.weight * soft_overlong(tokens, maximum=limit, cache=cache)
