"""Questions with lettered choices, in the style of MMLU and GPQA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fathom.tasks.collection import Collection, content_id, first_text
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.splits import hash_fraction
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.choice import LETTERS, check_choice, last_choice, parse_choice
from fathom.tasks.verifiers.format import AnswerFormat


@dataclass(frozen=True, slots=True)
class MultipleChoice:
    """Records have ``question``, ``choices`` (2 to 26 texts) and ``answer``: a letter, an index from 0, or the text
    itself.

    ``shuffled`` orders the choices by a hash of the question: data sets have a position bias, and so have models.
    """

    collection: Collection
    label: str = "multiple-choice"
    style: Style = "base"
    shuffled: bool = False
    answer_format: AnswerFormat = field(default_factory=AnswerFormat)

    @property
    def name(self) -> str:
        return self.label

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(self.collection.items(self.name, split, self._item, seed), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        count = len(item.metadata["choices"])
        return self.answer_format.verify(
            completion, lambda answer: check_choice(parse_choice(answer, count), item.answer)
        )

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        count = len(item.metadata["choices"])
        return self.answer_format.verify_lenient(
            completion, lambda answer: check_choice(last_choice(answer, count), item.answer)
        )

    def _item(self, record: Mapping[str, Any]) -> Item:
        question, choices = first_text(record, "question").strip(), _choices(record)
        right = choices[_index(record["answer"], choices)]
        if self.shuffled:
            choices = sorted(choices, key=lambda choice: hash_fraction(f"{question}\0{choice}"))
        lines = "\n".join(f"{letter}. {choice}" for letter, choice in zip(LETTERS, choices, strict=False))
        return Item(
            id=content_id(self.name, question, *sorted(choices)),
            prompt=format_prompt(
                f"{question}\n{lines}\nAnswer with one letter.", self.style, opened=self.answer_format.opened
            ),
            answer=LETTERS[choices.index(right)],
            metadata={"choices": tuple(choices)},
        )


def _choices(record: Mapping[str, Any]) -> list[str]:
    choices = record["choices"]
    if not isinstance(choices, list) or not 2 <= len(choices) <= len(LETTERS):
        raise ValueError("its choices are not a list of 2 to 26")
    texts = [str(choice).strip() for choice in choices]
    if len(set(texts)) < len(texts):
        raise ValueError("two of its choices are the same")
    return texts


def _index(answer: Any, choices: list[str]) -> int:
    """The index of the correct choice."""
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(choices):
        return answer
    if isinstance(answer, str) and answer.strip() in choices:
        return choices.index(answer.strip())
    if isinstance(answer, str) and len(answer.strip()) == 1 and answer.strip().upper() in LETTERS[: len(choices)]:
        return LETTERS.index(answer.strip().upper())
    raise ValueError(f"its answer {answer!r} is none of its choices")
