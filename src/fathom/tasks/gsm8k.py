"""GSM8K (Cobbe et al. 2021, arXiv 2110.14168): grade-school word problems with a number after ``####`` as answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fathom.tasks.collection import Collection, answer_text, content_id, first_text
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.tasks.verifiers.number import check_last_number, check_number, parse_number

HUB = Collection(train="hf:openai/gsm8k:main/train-*", test="hf:openai/gsm8k:main/test-*")


@dataclass(frozen=True, slots=True)
class Gsm8k:
    """Records have ``question`` and ``answer``, a text or a number; the answer is what follows the last ``####``, or
    all of it.
    """

    collection: Collection = HUB
    style: Style = "base"
    answer_format: AnswerFormat = field(default_factory=AnswerFormat)

    @property
    def name(self) -> str:
        return "gsm8k"

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(self.collection.items(self.name, split, self._item, seed), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify(completion, lambda answer: check_number(answer, item.answer))

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify_lenient(completion, lambda answer: check_last_number(answer, item.answer))

    def _item(self, record: Mapping[str, Any]) -> Item:
        question, solution = first_text(record, "question").strip(), answer_text(record, "answer")
        number = parse_number(solution.rpartition("####")[2])
        if number is None:
            raise ValueError(f"its answer {solution[-40:]!r} is no number, and has none after ####")
        return Item(
            id=content_id(self.name, question),
            prompt=format_prompt(question, self.style, opened=self.answer_format.opened),
            answer=number,
            metadata={"solution": solution},
        )
