"""Tasks whose problems come from files, on small files of our own."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from fathom.tasks.code import Assertions, Code
from fathom.tasks.collection import Collection
from fathom.tasks.gsm8k import HUB, Gsm8k
from fathom.tasks.math_style import MathStyle
from fathom.tasks.multiple_choice import MultipleChoice
from fathom.tasks.sandbox import sandbox
from fathom.tasks.task import Item, Task
from fathom.tasks.verifiers.code import IOExample
from fathom.tasks.verifiers.format import AnswerFormat


def collection(tmp_path: Path, *records: Any, **more: Any) -> Collection:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return Collection(test=str(path), **more)


def only(task: Task) -> Item:
    (item,) = task.items("test")
    return item


def rewards(task: Task, item: Item, completion: str) -> tuple[float, float]:
    return task.verify(item, completion).reward, task.verify_lenient(item, completion).reward


class TestGsm8k:
    def test_an_item(self, tmp_path: Path) -> None:
        solution = "Each has 4 legs: 300*4=<<300*4=1200>>1200\n#### 1,200"
        task = Gsm8k(collection(tmp_path, {"question": "How many legs have 300 dogs?", "answer": solution}))
        item = only(task)
        assert item.id == "gsm8k/456c08f40c5da0b3"
        assert item.answer == Fraction(1200)
        assert str(item.prompt).endswith("User: How many legs have 300 dogs? Assistant:")
        assert rewards(task, item, "<think>4*300</think><answer>1200</answer>") == (1.0, 1.0)
        assert rewards(task, item, "<think>4*300</think><answer>$1,200.00</answer>") == (1.0, 1.0)
        assert rewards(task, item, "<think>4*300</think><answer>1200 legs</answer>") == (0.0, 1.0)
        assert rewards(task, item, "<think>4*300</think><answer>300 or 1200</answer>") == (0.0, 1.0)
        assert rewards(task, item, "It is 1200.") == (0.0, 1.0)
        assert rewards(task, item, "<think>1200</think><answer>12</answer>") == (0.0, 0.0)

    def test_it_knows_its_place_on_the_hub(self) -> None:
        assert Gsm8k().collection == HUB

    def test_a_record_without_a_number_is_skipped(self, tmp_path: Path) -> None:
        bad = {"question": "?", "answer": "#### many"}
        good = {"question": "How many?", "answer": "#### -7"}
        assert only(Gsm8k(collection(tmp_path, bad, good))).answer == -7


class TestMath:
    def test_an_item(self, tmp_path: Path) -> None:
        pytest.importorskip("math_verify")
        record = {"problem": "Find $x$.", "solution": "So $x=\\boxed{\\frac{1}{2}}$.", "level": "Level 1"}
        task = MathStyle(collection(tmp_path, record), label="math-500")
        item = only(task)
        assert item.answer == "\\frac{1}{2}"
        assert item.metadata == {"level": "Level 1"}
        assert isinstance(item.prompt, tuple)
        assert item.prompt[0].content == (
            "Find $x$.\nPlease reason step by step, and put your final answer within \\boxed{}."
        )
        assert rewards(task, item, "<think>\\boxed{3}</think>So \\boxed{0.5}.") == (1.0, 1.0)
        assert rewards(task, item, "\\boxed{0.5}") == (1.0, 1.0)
        assert rewards(task, item, "\\boxed{0.5} or \\boxed{2}") == (0.0, 0.0)
        assert rewards(task, item, "\\boxed{2} or \\boxed{0.5}") == (0.0, 1.0)
        assert rewards(task, item, "\\boxed{1-\\frac12}") == (0.0, 1.0)
        task.verifier.close()

    def test_an_answer_beside_the_problem(self, tmp_path: Path) -> None:
        pytest.importorskip("math_verify")
        task = MathStyle(collection(tmp_path, {"question": "?", "answer": 204}, {"problem": "!", "solution": "no box"}))
        assert only(task).answer == "204"


class TestMultipleChoice:
    def test_an_item(self, tmp_path: Path) -> None:
        record = {"question": "Which is a fruit?", "choices": ["Stone", "Apple", "Rain"], "answer": "B"}
        task = MultipleChoice(collection(tmp_path, record))
        item = only(task)
        assert item.answer == "B"
        assert "Which is a fruit?\nA. Stone\nB. Apple\nC. Rain\nAnswer with one letter." in str(item.prompt)
        assert rewards(task, item, "<think>hm</think><answer>(B)</answer>") == (1.0, 1.0)
        assert rewards(task, item, "<think>hm</think><answer>A B</answer>") == (0.0, 1.0)
        assert rewards(task, item, "The answer is B.") == (0.0, 1.0)
        assert rewards(task, item, "<think>B</think><answer>D</answer>") == (0.0, 0.0)

    @pytest.mark.parametrize("answer", ["B", "b", 1, "Apple"])
    def test_ways_to_name_the_right_choice(self, tmp_path: Path, answer: Any) -> None:
        record = {"question": "?", "choices": ["Stone", "Apple"], "answer": answer}
        assert only(MultipleChoice(collection(tmp_path, record))).answer == "B"

    def test_shuffled_choices_keep_the_right_one(self, tmp_path: Path) -> None:
        records = [{"question": f"{n}?", "choices": ["no", "yes", "so", "to"], "answer": 1} for n in range(40)]
        items = list(MultipleChoice(collection(tmp_path, *records), shuffled=True).items("test"))
        assert all(item.metadata["choices"]["ABCD".index(item.answer)] == "yes" for item in items)
        assert {item.answer for item in items} == set("ABCD")

    @pytest.mark.parametrize(
        "record",
        [
            {"question": "?", "choices": ["a"], "answer": 0},
            {"question": "?", "choices": ["a", "a"], "answer": 0},
            {"question": "?", "choices": "ab", "answer": 0},
            {"question": "?", "choices": ["a", "b"], "answer": 2},
            {"question": "?", "choices": ["a", "b"], "answer": "C"},
            {"question": "?", "choices": ["a", "b"], "answer": True},
            {"question": "?", "choices": ["a", "b"], "answer": None},
            {"question": "?", "choices": ["a", "b"]},
        ],
    )
    def test_bad_records_are_skipped(self, tmp_path: Path, record: Any) -> None:
        good = {"question": "!", "choices": ["a", "b"], "answer": 0}
        assert only(MultipleChoice(collection(tmp_path, record, good))).answer == "A"


@pytest.fixture
def confined() -> None:
    if sandbox.available_layers() != set(sandbox.LAYERS):
        pytest.skip("this machine cannot confine programs fully")


@pytest.mark.usefixtures("confined")
class TestCode:
    def test_programs_that_read_and_print(self, tmp_path: Path) -> None:
        record = {"question": "Double it.", "examples": [{"input": "4\n", "output": "8\n"}]}
        task = Code(collection(tmp_path, record))
        item = only(task)
        assert item.answer == (IOExample("4\n", "8\n"),)
        assert rewards(task, item, "<think>easy</think>```python\nprint(2 * int(input()))\n```") == (1.0, 1.0)
        assert rewards(task, item, "print(2 * int(input()))") == (1.0, 1.0)
        assert rewards(task, item, "<think>easy</think>```python\nprint(7)\n```") == (0.0, 0.0)
        two = "```\nprint(7)\n```\nor\n```\nprint(2 * int(input()))\n```"
        assert rewards(task, item, two) == (0.0, 1.0)

    def test_the_forms_of_human_eval_and_mbpp(self, tmp_path: Path) -> None:
        human = {
            "prompt": "def f(x):",
            "entry_point": "f",
            "test": "def check(candidate):\n    assert candidate(2) == 4",
        }
        task = Code(collection(tmp_path, human))
        assert rewards(task, only(task), "def f(x): return x * x") == (1.0, 1.0)
        mbpp = {
            "text": "Square.",
            "code": "def g(x): return x ** 2",
            "test_list": ["assert g(3) == 9", "assert g(0) == 0"],
        }
        task = Code(collection(tmp_path, mbpp))
        assert only(task).answer == Assertions("\nassert g(3) == 9\nassert g(0) == 0", ("g",))
        assert rewards(task, only(task), "def g(x): return x * x") == (1.0, 1.0)
        assert rewards(task, only(task), "def g(x): return x") == (0.0, 0.0)

    def test_bad_records_are_skipped(self, tmp_path: Path) -> None:
        good = {"prompt": "!", "tests": "assert h() == 1", "names": ["h"]}
        bad = [
            {"prompt": "1", "examples": []},
            {"prompt": "2", "examples": [{"input": ""}]},
            {"prompt": "3", "tests": "assert h()", "names": []},
            {"prompt": "4", "test_list": ["assert h()"], "code": "def h(:"},
            {"prompt": "5", "test_list": ["assert h()"], "code": "x = 1"},
            {"prompt": "6"},
        ]
        assert only(Code(collection(tmp_path, *bad, good))).answer == Assertions("assert h() == 1", ("h",))

    def test_strict_format(self, tmp_path: Path) -> None:
        record = {"question": "Print 1.", "examples": [{"input": "", "output": "1"}]}
        task = Code(collection(tmp_path, record), answer_format=AnswerFormat(reward=0.1))
        item = only(task)
        assert rewards(task, item, "<think></think><answer>print(1)</answer>") == (1.0, 1.0)
        assert rewards(task, item, "<think></think><answer>print(2)</answer>") == (0.1, 0.0)
        assert rewards(task, item, "```\nprint(1)\n```") == (0.0, 1.0)
