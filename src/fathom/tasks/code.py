"""Programs to write, judged by running them: the verifier behind R1's 211,129 samples of code.

A test that exists cannot be argued with, but it can be cheated; how that is kept from happening is told in
`fathom.tasks.verifiers.code`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fathom.tasks import grading
from fathom.tasks.collection import Collection, content_id, text_of
from fathom.tasks.prompts import Style, ask
from fathom.tasks.sandbox.sandbox import Sandbox
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.code import Example, check_output, check_tests, last_program, program
from fathom.tasks.verifiers.format import AnswerFormat


@dataclass(frozen=True, slots=True)
class Assertions:
    """Python that asserts, and the functions (or ``Class.method``) of the program that it calls."""

    source: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Records have a ``prompt`` (or ``question``, ``text``), and one of

    - ``examples``: a list of objects with ``input`` and ``output``, for programs that read and print;
    - ``test`` and ``entry_point``: a text that defines ``check(candidate)``, as HumanEval has it;
    - ``test_list`` and ``code``: assertions and a solution whose functions they call, as MBPP has it;
    - ``tests`` and ``names``: Python that asserts, and what it calls.

    Raises SandboxError where this machine cannot confine programs.
    """

    collection: Collection
    label: str = "code"
    style: Style = "chat"
    answer_format: AnswerFormat = field(default_factory=lambda: AnswerFormat("plain", thinking=False))
    sandbox: Sandbox = field(default_factory=Sandbox)

    @property
    def name(self) -> str:
        return self.label

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(self.collection.items(self.name, split, self._item, seed), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return grading.strict(self.answer_format, completion, lambda answer: self._check(item, program(answer)))

    def lenient(self, item: Item, completion: str) -> Verdict:
        """The last fenced block of the completion; without one, what the format's lenient reading finds."""
        if "```" in completion:
            wrong = self._check(item, last_program(completion.rpartition("</think>")[2] or completion))
            well_formed = self.answer_format.strict(completion).well_formed
            return Verdict(0.0 if wrong else 1.0, not wrong, well_formed, wrong or "right")
        return grading.lenient(self.answer_format, completion, lambda answer: self._check(item, program(answer)))

    def _check(self, item: Item, code: str | None) -> str:
        if isinstance(item.answer, Assertions):
            return check_tests(code, item.answer.source, item.answer.names, self.sandbox)
        return check_output(code, item.answer, self.sandbox)

    def _item(self, record: Mapping[str, Any]) -> Item:
        question = text_of(record, "prompt", "question", "text").strip()
        answer = _examples(record) if "examples" in record else _tests(record)
        return Item(
            id=content_id(self.name, question),
            prompt=ask(question, self.style, opened=self.answer_format.opened),
            answer=answer,
            metadata={"kind": "output" if isinstance(answer, tuple) else "functions"},
        )


def _examples(record: Mapping[str, Any]) -> tuple[Example, ...]:
    examples = tuple(Example(str(each["input"]), str(each["output"])) for each in record["examples"])
    if not examples:
        raise ValueError("it has no examples")
    return examples


def _tests(record: Mapping[str, Any]) -> Assertions:
    if "entry_point" in record:
        return Assertions(f"{text_of(record, 'test')}\ncheck(candidate)\n", (text_of(record, "entry_point"),))
    if "test_list" in record:
        setup = record.get("test_setup_code") or ""
        return Assertions(
            "\n".join([setup, *map(str, record["test_list"])]), _top_level_functions(text_of(record, "code"))
        )
    names = tuple(map(str, record["names"]))
    if not names:
        raise ValueError("it names nothing to test")
    return Assertions(text_of(record, "tests"), names)


def _top_level_functions(code: str) -> tuple[str, ...]:
    """The functions at the top of a solution. Raises ValueError (SyntaxError is one's own kind) where there are
    none.
    """
    try:
        names = tuple(node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef))
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"its solution is no Python: {error}") from error
    if not names:
        raise ValueError("its solution defines no function")
    return names
