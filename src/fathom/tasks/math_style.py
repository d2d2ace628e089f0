r"""Problems in the style of MATH (Hendrycks et al. 2021, arXiv 2103.03874): answers are expressions in
``\boxed{…}``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fathom.tasks.collection import Collection, answer_text, content_id, first_text, has_answer
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.format import AnswerFormat, last_boxed
from fathom.tasks.verifiers.math import MathVerifier

DIRECTIVE = "Please reason step by step, and put your final answer within \\boxed{}."
"""The instruction that DeepSeek recommends for R1 and its distilled models."""


@dataclass(frozen=True, slots=True)
class MathStyle:
    """Records have ``problem`` or ``question``, and ``answer`` (a text, a number, or a list of all answers), or a
    ``solution`` that boxes it.

    The default format is one box anywhere in the answer, with or without thinking before it. ``label`` is the name in
    reports (``math-500``, ``aime-2024``). Raises MissingPackageError if math-verify is not installed.
    """

    collection: Collection
    label: str = "math"
    style: Style = "chat"
    answer_format: AnswerFormat = field(default_factory=lambda: AnswerFormat("boxed", thinking=False))
    verifier: MathVerifier = field(default_factory=MathVerifier, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.label

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(self.collection.items(self.name, split, self._item, seed), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify(completion, lambda answer: self.verifier.check_strict(answer, item.answer))

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify_lenient(
            completion, lambda answer: self.verifier.check_lenient(answer, item.answer)
        )

    def _item(self, record: Mapping[str, Any]) -> Item:
        problem = first_text(record, "problem", "question").strip()
        answer = _expected_answer(record)
        question = f"{problem}\n{DIRECTIVE}" if self.answer_format.form == "boxed" else problem
        return Item(
            id=content_id(self.name, problem),
            prompt=format_prompt(question, self.style, opened=self.answer_format.opened),
            answer=answer.strip(),
            metadata={key: record[key] for key in ("subject", "level", "type") if key in record},
        )


def _expected_answer(record: Mapping[str, Any]) -> str:
    """The answer of a record, or else the one that its solution boxes."""
    if has_answer(record, "answer"):
        answer = answer_text(record, "answer")
    else:
        solution = record.get("solution")
        answer = last_boxed(solution) if isinstance(solution, str) else ""
    if not answer.strip():
        raise ValueError("it has no answer, and no solution that boxes one")
    return answer
