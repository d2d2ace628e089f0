"""Programming tasks, verified by running tests, as for R1's 211,129 code samples.

How programs are kept from cheating their tests: `fathom.tasks.verifiers.code`.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fathom.tasks.collection import Collection, content_id, first_text
from fathom.tasks.prompts import Style, format_prompt
from fathom.tasks.sandbox.sandbox import Sandbox
from fathom.tasks.task import Item, Split, Verdict
from fathom.tasks.verifiers.code import TOLERANCE, IOExample, check_output, check_tests
from fathom.tasks.verifiers.format import AnswerFormat
from fathom.tasks.verifiers.program import last_program, parse_program

_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


@dataclass(frozen=True, slots=True)
class Assertions:
    """Python code with assertions, and the functions (or ``Class.method``) of the program that it calls. ``given``: the
    code of the prompt that tests and program may use.
    """

    code: str
    names: tuple[str, ...]
    given: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Records have a ``prompt`` (or ``question``, ``text``), and one of

    - ``examples``: a list of objects with ``input`` and ``output``, for programs that read and print;
    - ``test`` and ``entry_point``: a text that defines ``check(candidate)``, as HumanEval has it; what the prompt
      imports and defines beside ``entry_point`` is there for tests and programs;
    - ``test_list`` and ``code``: assertions and a solution whose functions they call, as MBPP has it; modules that it
      imports and they use are there for them; records whose tests need more of it are left out;
    - ``tests`` and ``names``: Python that asserts, and what it calls.

    ``tolerance``: relative difference of decimals in an output that counts as none. Raises SandboxError if this machine
    cannot confine programs.
    """

    collection: Collection
    label: str = "code"
    style: Style = "chat"
    answer_format: AnswerFormat = field(default_factory=lambda: AnswerFormat("plain", thinking=False))
    sandbox: Sandbox = field(default_factory=Sandbox)
    tolerance: float = TOLERANCE

    @property
    def name(self) -> str:
        return self.label

    def items(self, split: Split, *, seed: int = 0, limit: int | None = None) -> Iterator[Item]:
        return islice(self.collection.items(self.name, split, self._item, seed), limit)

    def verify(self, item: Item, completion: str) -> Verdict:
        return self.answer_format.verify(completion, lambda answer: self._check(item, parse_program(answer)))

    def verify_lenient(self, item: Item, completion: str) -> Verdict:
        """Grade the last fenced block of the completion; without one, the format's lenient extraction."""
        if "```" in completion:
            wrong = self._check(item, last_program(completion.rpartition("</think>")[2] or completion))
            well_formed = self.answer_format.extract(completion).well_formed
            return Verdict(0.0 if wrong else 1.0, not wrong, well_formed, wrong or "right")
        return self.answer_format.verify_lenient(completion, lambda answer: self._check(item, parse_program(answer)))

    def _check(self, item: Item, code: str | None) -> str:
        if isinstance(item.answer, Assertions):
            return check_tests(code, item.answer.code, item.answer.names, self.sandbox, given=item.answer.given)
        return check_output(code, item.answer, self.sandbox, tolerance=self.tolerance)

    def _item(self, record: Mapping[str, Any]) -> Item:
        question = first_text(record, "prompt", "question", "text").strip()
        answer = _examples(record) if "examples" in record else _tests(record)
        return Item(
            id=content_id(self.name, question),
            prompt=format_prompt(question, self.style, opened=self.answer_format.opened),
            answer=answer,
            metadata={"kind": "output" if isinstance(answer, tuple) else "functions"},
        )


def _examples(record: Mapping[str, Any]) -> tuple[IOExample, ...]:
    examples = tuple(IOExample(str(each["input"]), str(each["output"])) for each in record["examples"])
    if not examples:
        raise ValueError("it has no examples")
    return examples


def _tests(record: Mapping[str, Any]) -> Assertions:
    if "entry_point" in record:
        name = first_text(record, "entry_point")
        given = _definitions(first_text(record, "prompt", "question", "text"), name)
        return Assertions(f"{first_text(record, 'test')}\ncheck(candidate)\n", (name,), given)
    if "test_list" in record:
        setup = [*map(str, record.get("test_imports") or ()), record.get("test_setup_code") or ""]
        return _assertions("\n".join([*setup, *map(str, record["test_list"])]), first_text(record, "code"))
    names = tuple(map(str, record["names"]))
    if not names:
        raise ValueError("it names nothing to test")
    return Assertions(first_text(record, "tests"), names)


def _definitions(prompt: str, entry_point: str) -> str:
    """The imports, functions and values that a prompt of code has beside the function to write; empty for a prompt in
    words. One that ends with the head of the function is code too.
    """
    body: list[ast.stmt] = []
    for ending in ("\n    pass", ""):
        with suppress(SyntaxError, ValueError, RecursionError):
            body = ast.parse(prompt.rstrip() + ending).body
    kept = [node for node in body if isinstance(node, _DEFINITIONS) and getattr(node, "name", "") != entry_point]
    return "\n".join(map(ast.unparse, kept))


def _assertions(tests: str, solution: str) -> Assertions:
    """Tests of the functions of a solution. Raises ValueError if it has none, or the tests need more of it."""
    code = _parse(solution, "its solution")
    functions = tuple(node.name for node in code.body if isinstance(node, ast.FunctionDef))
    if not functions:
        raise ValueError("its solution defines no function")
    names = [node for node in ast.walk(_parse(tests, "its tests")) if isinstance(node, ast.Name)]
    used = {node.id for node in names} - {node.id for node in names if isinstance(node.ctx, ast.Store)}
    imports = [ast.unparse(node) for node in code.body if _binds(node, used)]
    missing = sorted(used & _other_names(code))
    if missing:
        raise ValueError(f"its tests use {', '.join(missing)}, which only its solution defines")
    return Assertions("\n".join([*imports, tests]), functions)


def _binds(node: ast.stmt, names: Container[str]) -> bool:
    """Whether it imports one of these names."""
    return isinstance(node, ast.Import | ast.ImportFrom) and any(
        (alias.asname or alias.name.partition(".")[0]) in names for alias in node.names
    )


def _other_names(code: ast.Module) -> set[str]:
    """The top-level names of a solution that are not its functions."""
    names = {node.name for node in code.body if isinstance(node, ast.ClassDef)}
    for node in code.body:
        if isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def _parse(code: str, what: str) -> ast.Module:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"{what} is not Python: {error}") from error
