"""Adapter for all tasks of reasoning-gym (Stojanovski et al. 2025, arXiv 2505.24760), by name.

Its scorers evaluate a model's text (some with sympy), and give partial scores to nearly correct answers, or to any
answer at all. So they run in a confined process, and ``correct`` means a score of at least ``threshold`` (1.0 by
default); a lower score earns nothing unless ``partial`` is set. Some scorers give 1.0 to NaN, to True instead of False,
to 0 instead of a small probability, or to the sentence "not 556": such answers are refused before scoring (`_evades`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, islice
from typing import Any

from fathom.base.errors import ConfigError
from fathom.tasks.collection import content_id
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.splits import check_shares, generate_split, split_of
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.format import AnswerFormat, Extraction
from fathom.tasks.verifiers.number import parse_number

MAX_ANSWER = 20_000
"""Longest answer in characters; grids and plans are long."""

_NOT_FINITE = re.compile(r"(?i)(?<![a-z])(?:nan|inf|infinity)(?:j|(?![a-z]))")
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][-+]?[0-9]{1,3})?")
_USES_GIVEN_NUMBERS = frozenset({"puzzle24"})
"""Data sets whose answer must use the numbers of the reference, each as often, which their scorer does not check."""

_MAX_RELATIVE_ERROR = Fraction(1, 100)
"""Largest relative error of a correct number, whatever the scorer says."""


def _worker() -> Worker:
    return Worker("fathom.tasks.sandbox.worker.reasoning_gym", "reasoning_gym")


@dataclass(frozen=True, slots=True)
class ReasoningGym:
    """``dataset`` is a reasoning-gym name (``leg_counting``), ``options`` its configuration (``{"max_animals": 5}``).

    Raises MissingPackageError if reasoning-gym is not installed, ConfigError for names and options that it refuses.
    """

    dataset: str
    options: Mapping[str, Any] = field(default_factory=dict)
    threshold: float = 1.0
    partial: bool = False
    style: Style = "base"
    answer_format: AnswerFormat = field(default_factory=AnswerFormat)
    validation: float = 0.05
    test: float = 0.1
    worker: Worker = field(default_factory=_worker, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_shares(self.validation, self.test)
        if not 0 < self.threshold <= 1:
            raise ConfigError(f"a threshold of {self.threshold} is not a score", "choose 0 < threshold <= 1")
        names = self.worker.ask({"what": "names"}).get("value", ())
        if self.dataset not in names:
            raise ConfigError(f"reasoning-gym has no data set {self.dataset!r}", f"choose one of {', '.join(names)}")
        reply = self.worker.ask(self._request("item", seed=0, index=0))
        if "error" in reply:
            raise ConfigError(
                f"reasoning-gym refuses {self.dataset} with these options: {reply['error']}", "change them"
            )

    @property
    def name(self) -> str:
        return f"reasoning-gym/{self.dataset}"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        """As `Task.items`. Some data sets have few problems: their held-out splits end early."""
        start = int.from_bytes(hashlib.sha256(f"{split}/{seed}".encode()).digest()[:4], "big")
        indices = count()
        return islice(generate_split(lambda: self._draw(split, start, next(indices)), split, self.name), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self._verdict(item, self.answer_format.extract(completion), self.answer_format.reward)

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self._verdict(item, self.answer_format.extract_lenient(completion), 0.0)

    def _verdict(self, item: Item, extraction: Extraction, format_reward: float) -> Verdict:
        if extraction.answer is None:
            return Verdict(0.0, False, False, extraction.detail)
        score = self._score(item, extraction.answer)
        if isinstance(score, str):
            return Verdict(format_reward if extraction.well_formed else 0.0, False, extraction.well_formed, score)
        correct = score >= self.threshold
        reward = score if self.partial else float(correct)
        if extraction.well_formed:
            reward = max(reward, format_reward)
        return Verdict(reward, correct, extraction.well_formed, f"score {score:g}")

    def _score(self, item: Item, answer: str) -> float | str:
        """The score, 0..1, or the reason why there is none (NaN included)."""
        if len(answer) > MAX_ANSWER:
            return f"more than {MAX_ANSWER:,} characters"
        if _evades(answer, item.answer):
            return "it is not of the expected kind"
        if self.dataset in _USES_GIVEN_NUMBERS and _numbers(answer) != _numbers(item.answer):
            return "it does not use the given numbers"
        place = {key: item.metadata[key] for key in ("seed", "index")}
        reply = self.worker.ask(self._request("score", answer=answer, **place))
        score = reply.get("value")
        if not isinstance(score, float) or not 0 <= score <= 1:
            return f"it cannot be scored: {reply.get('error', score)}"
        return score

    def _draw(self, split: Split, seed: int, index: int) -> Item | None:
        reply = self.worker.ask(self._request("item", seed=seed, index=index))
        if "error" in reply:
            return None
        question, answer = reply["value"]["question"], reply["value"]["answer"]
        name = content_id(self.name, question)
        if split_of(name, validation=self.validation, test=self.test) != split:
            return None
        return Item(
            id=name,
            prompt=format_prompt(question.strip(), self.style, opened=self.answer_format.opened),
            answer=answer,
            metadata={"seed": seed, "index": index, "dataset": self.dataset},
        )

    def _request(self, what: str, **more: Any) -> dict[str, Any]:
        return {"what": what, "dataset": self.dataset, "options": dict(self.options), **more}


def _evades(answer: str, expected: Any) -> bool:
    """Whether an answer is of a kind that scorers wrongly accept: not a number, the other truth value, far away."""
    if not isinstance(expected, str):
        return _NOT_FINITE.search(answer) is not None
    if expected.casefold() in _TRUTH:
        return _TRUTH.get(answer.casefold()) is not _TRUTH[expected.casefold()]
    wanted = _number(expected)
    if wanted is not None:
        given = _number(answer)
        return given is None or abs(given - wanted) > abs(wanted) * _MAX_RELATIVE_ERROR
    return _NOT_FINITE.search(answer) is not None and _NOT_FINITE.search(expected) is None


def _number(text: str) -> Fraction | None:
    """The value of a text that is one number, also in scientific notation; None otherwise."""
    text = text.strip()
    return Fraction(text) if _FLOAT.fullmatch(text) else parse_number(text)


def _numbers(text: str) -> list[str]:
    return sorted(re.findall(r"[0-9]+", text))
